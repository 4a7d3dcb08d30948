"""Whether a picture lacks pixels that its decoder filled in.

libjpeg warns of that, and Pillow keeps its warnings to itself. But what it fills in is grey, and
what follows the compressed pixels says nothing about them only if they are whole. Of a PNG, Pillow
leaves the rows that are missing at 0.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops

# Bytes that stand for compressed pixels: what is decoded from them is none of the picture's.
_NOISE = b"\x55\xaa\x33" * 1000
_TAIL = 8
"""Bytes at the end of compressed pixels that belong to the last of them in any picture."""

_BLOCK, _GREY, _ROUNDING = 8, 128, 2


def ends_grey(image: Image.Image, scans: int) -> bool:
    """Whether its last block may be one for which there was no data.

    Where the data of a progressive picture ends early, the rest is less fine, and not grey.

    Args:
        image: As its decoder leaves it: neither turned nor in other colours.
        scans: How many its file has; each of several may bring one component alone.
    """
    if image.info.get("progressive"):
        return False
    width, height = image.size
    left, top = (width - 1) // _BLOCK * _BLOCK, (height - 1) // _BLOCK * _BLOCK
    block = image.crop((left, top, width, height))
    if block.mode == "CMYK":
        components = [block.getchannel("K")]
    else:  # its light first: its colours are smoothed across the edges of blocks
        components = [*block.convert("YCbCr").split()][: 1 if scans == 1 else 3]
    return any(np.abs(np.asarray(each, np.int16) - _GREY).max() <= _ROUNDING for each in components)


def is_whole(pixels: bytes, image: Image.Image, decode: Callable[[bytes], Image.Image]) -> bool:
    """Whether noise behind the compressed pixels changes none of them.

    Args:
        pixels: The file up to where they end.
        image: What they were decoded to.
        decode: Decodes them with what else is put behind.
    """
    # The first byte of a marker would make one with the noise; compressed pixels never end in it.
    return _equal(image, decode(pixels.rstrip(b"\xff") + _NOISE))


def is_filled_up(pixels: bytes, image: Image.Image, decode: Callable[[bytes], Image.Image]) -> bool:
    """Whether noise in place of the last bytes changes none either: they are none of the picture's.

    Args:
        pixels: The file up to where the compressed pixels end.
        image: What they were decoded to.
        decode: Decodes them with what else is put behind.
    """
    return _equal(image, decode(pixels[:-_TAIL] + _NOISE))


def ends_empty(image: Image.Image) -> bool:
    """Whether a PNG may lack rows: of an interlaced one, the last but one may come last."""
    width, height = image.size
    rows = [image.crop((0, row, width, row + 1)) for row in (height - 2, height - 1)]
    return not all(row.tobytes().strip(b"\0") for row in rows)


def _equal(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None
