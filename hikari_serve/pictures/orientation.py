"""How a picture was held, by its EXIF; Pillow's own reader fails, or is slow, on damaged ones."""

import struct

from PIL import Image

_ORIENTATION, _SHORT = 0x0112, 3
_MAX_ENTRIES = 1000
"""Cameras write below 30 into the first directory."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture upright, by the tag's value."""


def read_orientation(exif: bytes) -> int:
    """The orientation, 1 to 8; 1, upright as stored, where the EXIF has none.

    Args:
        exif: A TIFF directory (CIPA DC-008), with or without the name before it.

    Raises:
        ValueError: The EXIF is damaged.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        raise ValueError("no EXIF")
    try:
        (at,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, at)
        for entry in range(min(count, _MAX_ENTRIES)):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, at + 2 + 12 * entry)
            if tag == _ORIENTATION and kind == _SHORT:
                return int(value) if 1 <= value <= 8 else 1
    except struct.error as error:
        raise ValueError("damaged EXIF") from error
    return 1


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture turned as its orientation says."""
    method = _TURNS.get(orientation)
    return image if method is None else image.transpose(method)
