"""Pictures are upright however the camera was held."""

import numpy as np
import pytest
from PIL import Image

from hikari_serve.pictures.decode import PictureLimits, open_image
from tests.pictures.files import encode, exif, picture, pixels

LIMITS = PictureLimits()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIC"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(format: str, orientation: int) -> None:
    if format == "HEIC":  # turns with its own box, which pillow-heif writes of the image's tag
        tagged = picture()
        tagged.getexif()[0x0112] = orientation
        data = encode(tagged, "HEIF", quality=95)
    else:
        data = encode(picture(), format, exif=exif(orientation))
    methods = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    expected = picture()
    if orientation in methods:
        expected = expected.transpose(methods[orientation])
    image = open_image(data, LIMITS)
    assert image.size == expected.size
    assert np.abs(pixels(image) - pixels(expected)).mean() < 8
