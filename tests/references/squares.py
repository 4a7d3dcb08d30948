"""Cases of one colour each, embedded by an encoder that one can follow by eye."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hikari_serve.references.manifest import EncoderInfo, TextEncoderInfo
from hikari_serve.references.store import Case

ENCODER = EncoderInfo(name="mean-colour", weights="0" * 64, preprocessing="full")

WORDED = ENCODER.model_copy(
    update={"text": TextEncoderInfo(weights="1" * 64, prefix="query: ", max_tokens=8)}
)


def case(case_id: str, colour: tuple[int, int, int], label: str = "psoriasis") -> Case:
    buffer = BytesIO()
    Image.new("RGB", (20, 20), colour).save(buffer, "PNG")
    return Case(case_id, buffer.getvalue(), label, f"A square of {colour}.", "drawn")


def embed(images: list[Image.Image]) -> NDArray[np.float32]:
    """The mean colour of each picture, [n, 3], of any length."""
    return np.stack([np.asarray(image, dtype=np.float32).mean(axis=(0, 1)) for image in images])


def embed_words(texts: list[str]) -> NDArray[np.float32]:
    """[1, 0], or [0, 1] for the square that is green."""
    green = ["(0, 250, 0)" in text for text in texts]
    return np.array([[not is_green, is_green] for is_green in green], dtype=np.float32)


CASES = [
    case("red", (250, 0, 0)),
    case("green", (0, 250, 0), "acne vulgaris"),
    case("blue", (0, 0, 250), "lupus erythematosus"),
    case("rosé", (250, 120, 130), "sarcoidosis"),
    case("dark red", (80, 0, 0)),
]
