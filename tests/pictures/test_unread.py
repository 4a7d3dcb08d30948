"""What is refused by its name is such a file indeed: another decoder finds the scene in it."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from tests.pictures.matrix import deep_tiff
from tests.pictures.sample import Sample, scene
from tests.pictures.unread import jpeg, modern, photoshop

DECODERS: dict[str, Callable[[bytes], Any]] = {
    "JPEG XL": imagecodecs.jpegxl_decode,
    "JPEG 2000": imagecodecs.jpeg2k_decode,
    "JPEG XR": imagecodecs.jpegxr_decode,
    "QOI": imagecodecs.qoi_decode,
    "JPEG": imagecodecs.jpeg_decode,
    "JPEG-LS": imagecodecs.jpegls_decode,
}


@pytest.mark.parametrize(
    "sample", [*jpeg(), *modern()], ids=lambda each: f"{each.form} {each.layout}"
)
def test_another_decoder_finds_the_scene(sample: Sample) -> None:
    form = "JPEG-LS" if sample.layout.startswith("JPEG-LS") else sample.form
    found = DECODERS[form](sample.data)
    wanted = scene(3 if found.ndim == 3 else 1).squeeze().astype(np.int32)
    shift = 0 if found.dtype == np.uint8 else 4
    assert np.abs((found.astype(np.int32) >> shift) - wanted).mean() < 6


@pytest.mark.parametrize("sample", list(photoshop())[:1])
def test_pillow_finds_the_scene_in_photoshops(sample: Sample) -> None:
    found = Image.open(BytesIO(sample.data), formats=("PSD",)).convert("RGB")
    assert np.array_equal(np.asarray(found), scene())


def test_twelve_bits_in_a_tiff_are_what_pillow_takes_for_sixteen() -> None:
    """The reason why they are refused: every value comes out as a sixteenth of what is meant."""
    found = np.asarray(Image.open(BytesIO(deep_tiff(12)), formats=("TIFF",)))
    assert np.array_equal(found >> 4, scene(1)[..., 0])
    assert found.max() < 4096
