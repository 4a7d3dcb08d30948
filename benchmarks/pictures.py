"""What is sent: distinct drawings as PNG, and photographs of 12 megapixels as JPEG."""

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image

from benchmarks.plan import SEED
from hikari_serve.drawing.cases import draw_case
from hikari_serve.pictures.view import Preprocessing, make_view

PHOTO_SIDE = 3464
"""3464 x 3464 pixels are 12.0 megapixels."""

PHOTO_QUALITY = 88
GRAIN = 8.0
"""Standard deviation of the photographs' noise, in steps of 8 bits; makes files of 3 to 4 MB."""


class Pictures:
    """Hands out each picture only once, so that no request shares another's work."""

    def __init__(self) -> None:
        self._fresh = self._draw()
        noise = np.random.default_rng(SEED).normal(0, GRAIN, (PHOTO_SIDE, PHOTO_SIDE, 1))
        x, y = np.ogrid[-1 : 1 : PHOTO_SIDE * 1j, -1 : 1 : PHOTO_SIDE * 1j]
        shade = 12 * (x + y) - 20 * (x * x + y * y)  # light from one side, dark corners
        self._light = (noise + shade[..., None]).astype(np.float32)

    def drawings(self, count: int) -> list[bytes]:
        """PNG files of 256 x 256 pixels, about 60 kB each."""
        return [_file(next(self._fresh), "PNG", compress_level=1) for _ in range(count)]

    def views(self, count: int, preprocessing: Preprocessing) -> list[bytes]:
        """Drawings as the cascade hands them to a stage."""
        return [make_view(next(self._fresh), preprocessing) for _ in range(count)]

    def photographs(self, count: int) -> list[bytes]:
        """JPEG files of 12 megapixels: drawings enlarged, unevenly lit and grainy.

        They show what the drawings show, so that only the size of the file differs.
        """
        return [
            _file(self._photograph(next(self._fresh)), "JPEG", quality=PHOTO_QUALITY)
            for _ in range(count)
        ]

    def _draw(self) -> Iterator[Image.Image]:
        index = 0
        while True:
            yield draw_case(index, SEED).image
            index += 1

    def _photograph(self, drawing: Image.Image) -> Image.Image:
        large = drawing.resize((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.BICUBIC)
        lit = np.asarray(large, np.float32) + self._light
        return Image.fromarray(lit.clip(0, 255).astype(np.uint8))


def _file(image: Image.Image, kind: str, **options: int) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
