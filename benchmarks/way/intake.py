"""CPU time from a picture's bytes to its views, beside the bare decoding of the same bytes."""

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from PIL import Image
from pillow_heif import register_heif_opener

from benchmarks.pictures import Pictures
from hikari_serve.cascade.picture import read_picture
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.repository.repository import Repository

_ORIENTATION, _QUARTER_TURN = 0x0112, 6


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of CPU time, medians.

    Attributes:
        size: Bytes of the file.
        bare: Pillow's decoding alone.
        whole: All that the server does before the first stage.
    """

    size: int
    bare: float
    whole: float


def costs(repeats: int) -> dict[str, Cost]:
    """The costs of each kind of picture, the two measured in turns."""
    repository = Repository(Path(__file__).parents[2] / "models")
    graph = read_graph(repository.config("demo"), repository)
    found = {}
    for name, data in pictures().items():
        bare = partial(_decode, data)
        whole = partial(read_picture, data, PictureLimits(), graph, 0.0)
        took = [(_cpu_ms(bare), _cpu_ms(whole)) for _ in range(repeats + 1)]
        bares, wholes = zip(*took[1:], strict=True)  # the first time loads what decodes
        found[name] = Cost(len(data), median(bares), median(wholes))
    return found


def pictures() -> Mapping[str, bytes]:
    """A drawing, and one photograph as three files."""
    register_heif_opener()
    made = Pictures()
    (drawing,), (photograph,) = made.drawings(1), made.photographs(1)
    opened = Image.open(io.BytesIO(photograph))
    turned = Image.Exif()
    turned[_ORIENTATION] = _QUARTER_TURN
    return {
        "drawing, PNG": drawing,
        "12 megapixels, JPEG": photograph,
        "12 megapixels, JPEG, held upright": _file(
            opened, "JPEG", quality="keep", exif=turned.tobytes()
        ),
        "12 megapixels, HEIC": _file(opened, "HEIF", quality=80),
    }


def _file(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _decode(data: bytes) -> None:
    Image.open(io.BytesIO(data)).load()


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000
