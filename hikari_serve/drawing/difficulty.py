"""What makes a drawing hard to read: a mild lesion like another disease, a poor photograph."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Difficulty = Literal["clear", "mixed", "hard"]
"""`mixed` is clear or hard, each as often."""


@dataclass(frozen=True)
class Hardship:
    """What is wrong with one drawing; the defaults leave it clear.

    Attributes:
        strength: How strongly the lesion shows on the skin, as a share.
        scale: Size of the lesions, as a share of the clear ones'.
        spread: How far off the centre lesions gather, as a multiple of the clear distance.
        likeness: How far its features have moved to those of a look-alike disease, 0 to 1.
        contrast: Contrast of the photograph, as a share.
        blur: Blur of the photograph in pixels.
        cast: What red, green and blue are multiplied with.
        hairs: How many dark hairs cross the picture.
        ruler: Whether a ruler lies along the lower edge.
    """

    strength: float = 1.0
    scale: float = 1.0
    spread: float = 1.0
    likeness: float = 0.0
    contrast: float = 1.0
    blur: float = 0.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    hairs: int = 0
    ruler: bool = False


CLEAR = Hardship()


def hardship(difficulty: Difficulty, rng: np.random.Generator) -> Hardship:
    """Decides what is wrong with one drawing of a difficulty."""
    if difficulty == "clear" or (difficulty == "mixed" and rng.random() < 0.5):
        return CLEAR
    red, green, blue = rng.uniform(0.8, 1.12, 3).tolist()
    chances = rng.random(4)
    return Hardship(
        strength=float(rng.uniform(0.4, 0.9)),
        scale=float(rng.uniform(0.6, 1.0)),
        spread=float(rng.uniform(1.0, 1.5)),
        likeness=float(rng.uniform(0.0, 0.9)),
        contrast=float(rng.uniform(0.65, 1.0)),
        blur=float(rng.uniform(0.8, 2.4)) if chances[0] < 0.4 else 0.0,
        cast=(red, green, blue) if chances[1] < 0.5 else CLEAR.cast,
        hairs=int(rng.integers(3, 12)) if chances[2] < 0.3 else 0,
        ruler=bool(chances[3] < 0.2),
    )


def photograph(image: Image.Image, wrong: Hardship, rng: np.random.Generator) -> Image.Image:
    """The drawing as a poor photograph shows it; a clear one comes back as it is.

    Args:
        image: The drawn skin and lesion.
        wrong: What is wrong with the photograph.
        rng: Places hairs.
    """
    if wrong == CLEAR:
        return image
    shown = image.copy()
    for _ in range(wrong.hairs):
        _hair(shown, rng)
    if wrong.ruler:
        _ruler(shown)
    if wrong.blur:
        shown = shown.filter(ImageFilter.GaussianBlur(wrong.blur))
    pixels = np.asarray(shown, np.float32)
    middle = pixels.mean((0, 1))
    cast: NDArray[np.float32] = np.asarray(wrong.cast, np.float32)
    faded = (middle + wrong.contrast * (pixels - middle)) * cast
    return Image.fromarray(faded.clip(0, 255).astype(np.uint8))


def _hair(image: Image.Image, rng: np.random.Generator) -> None:
    ends = rng.uniform(0, image.width, (3, 2))
    along = np.linspace(0, 1, 20)[:, None]
    curve = (1 - along) ** 2 * ends[0] + 2 * along * (1 - along) * ends[1] + along**2 * ends[2]
    points = [(float(x), float(y)) for x, y in curve]
    ImageDraw.Draw(image).line(points, fill=(38, 26, 22), width=int(rng.integers(1, 3)))


def _ruler(image: Image.Image) -> None:
    brush, side = ImageDraw.Draw(image), image.width
    brush.rectangle((0, side - 26, side, side), fill=(244, 243, 238))
    for tick in range(0, side, 8):
        long = tick % 40 == 0
        brush.line((tick, side - 26, tick, side - (10 if long else 17)), fill=(20, 20, 20))
