"""Pictures that leave the server: what one sees, and nothing else that a file says.

A photograph's file has where and when it was taken, by whom, and with which camera.
"""

from io import BytesIO

from hikari_serve.pictures.decode import PictureLimits, open_image

SIDE = 1024
"""Longer side in pixels: sharp at the width of a printed page."""


def upright(picture: bytes, limits: PictureLimits) -> bytes:
    """The picture as it was judged: upright, without metadata, as JPEG of at most `SIDE` pixels.

    Raises:
        BadImage: It cannot be read.
        TooLarge: Its file has more bytes than `limits` allow.
    """
    image = open_image(picture, limits)
    image.thumbnail((SIDE, SIDE))
    written = BytesIO()
    image.save(written, "JPEG", quality=90)
    return written.getvalue()
