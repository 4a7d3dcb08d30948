"""Pictures inside a document, as data URIs."""

import base64
from io import BytesIO

from hikari_serve.pictures.decode import PictureLimits, open_image

SIDE = 1024
"""Longer side of a report's picture in pixels: sharp at the width of a printed page."""

_TYPES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF": "image/webp"}


def upright(picture: bytes, limits: PictureLimits) -> bytes:
    """The picture as it was judged: upright, without metadata, as JPEG of at most `SIDE` pixels.

    Raises:
        BadImage: It cannot be read.
    """
    image = open_image(picture, limits)
    image.thumbnail((SIDE, SIDE))
    written = BytesIO()
    image.save(written, "JPEG", quality=90)
    return written.getvalue()


def data_uri(picture: bytes) -> str | None:
    """The picture as a URI that holds it; None for bytes that a browser could not show."""
    for start, kind in _TYPES.items():
        if picture.startswith(start):
            return f"data:{kind};base64,{base64.b64encode(picture).decode()}"
    return None
