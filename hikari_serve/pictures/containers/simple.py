"""Formats of which only the cost is looked at: BMP and GIF."""

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.containers import MAX_PARTS, too_many_parts

_RLE = (1, 2)
MAX_RLE = 1_000_000
"""Bytes of a run-length encoded bitmap, which Pillow reads run by run in Python: 1 MB in 1 s."""

_IMAGE, _EXTENSION = 0x2C, 0x21


def check_bmp(data: bytes) -> None:
    """Refuses a bitmap that would be read for longer than a photograph.

    Raises:
        UnsupportedImage: It is run-length encoded and large.
    """
    if int.from_bytes(data[30:34], "little") in _RLE and len(data) > MAX_RLE:
        raise UnsupportedImage(
            f"a run-length encoded BMP file of more than {MAX_RLE / 1e6:g} MB is not supported; "
            "save it as PNG"
        )


def check_gif(data: bytes) -> None:
    """Refuses a GIF with more blocks before its first picture than any needs.

    Raises:
        UnsupportedImage: It has too many.
    """
    packed = data[10] if len(data) > 10 else 0
    at = 13 + (3 << (packed & 7) + 1 if packed & 0x80 else 0)
    for _ in range(MAX_PARTS):
        if data[at : at + 1] == bytes([_EXTENSION]):
            at += 2
        size = data[at] if at < len(data) else 0
        if size == _IMAGE or at >= len(data):
            return
        at += size + 1
    raise too_many_parts("GIF", "blocks")
