"""One file of the matrix, and the scene that all of them show."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 96, 64


class Sample(NamedTuple):
    """A file of the matrix.

    Attributes:
        form: Its format.
        layout: How it is laid out.
        data: The file.
        step: How far, of 255, libvips may be from us in any pixel.
        meant: A file that libvips reads as this one is meant, where it does not read this one so.
        why: Why it does not.
        refused: What the refusal says, where it is not read at all.
    """

    form: str
    layout: str
    data: bytes
    step: int = 0
    meant: bytes | None = None
    why: str = ""
    refused: str = ""


@cache
def scene(bands: int = 3) -> NDArray[np.uint8]:
    """Smooth colours with an edge, like nothing of itself when turned: uint8 [64, 96, bands]."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    red = 60 + x * 1.6
    green = 40 + y * 2 + (x > 30) * 20
    blue = 200 - x - y
    alpha = np.where(y > 40, 255, 100 + x)
    whole = np.stack([red, green, blue, alpha], axis=-1).clip(0, 255).astype(np.uint8)
    return whole[..., :bands]
