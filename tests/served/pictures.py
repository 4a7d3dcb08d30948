"""Pictures as a client has them: bytes of a file."""

import io

from PIL import Image


def png(image: Image.Image) -> bytes:
    """The picture as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
