"""Each reader beside another decoder, libvips, over the whole matrix; every disagreement is explained."""

import re

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.decode import PictureLimits, open_image
from tests.pictures.matrix import samples
from tests.pictures.sample import Sample

LIMITS = PictureLimits()
MATRIX = samples()


def named(sample: Sample) -> str:
    return f"{sample.form} {sample.layout}".strip()


def ours(data: bytes) -> NDArray[np.int16]:
    return np.asarray(open_image(data, LIMITS)).astype(np.int16)


def of_libvips(data: bytes) -> NDArray[np.int16]:
    """Upright, sRGB, 8 bits, transparency laid on white."""
    image = pyvips.Image.new_from_buffer(data, "", fail_on="error").autorot()
    if image.get_typeof("icc-profile-data"):
        meant = {"intent": "relative", "black_point_compensation": True}
        image = image.icc_transform("srgb", embedded=True, **meant)
    else:
        image = image.colourspace("srgb")
    if image.hasalpha():
        image = image.flatten(background=255)
    array = image.cast("uchar").numpy().astype(np.int16)
    return array if array.ndim == 3 and array.shape[2] == 3 else np.dstack([array] * 3)


def apart(one: NDArray[np.int16], other: NDArray[np.int16]) -> int:
    assert one.shape == other.shape
    return int(np.abs(one - other).max())


@pytest.mark.parametrize("sample", [each for each in MATRIX if not each.refused], ids=named)
def test_it_is_read_as_another_decoder_reads_it(sample: Sample) -> None:
    assert apart(ours(sample.data), of_libvips(sample.meant or sample.data)) <= sample.step


@pytest.mark.parametrize("sample", [each for each in MATRIX if each.why], ids=named)
def test_what_explains_a_disagreement_is_still_so(sample: Sample) -> None:
    try:
        found = of_libvips(sample.data)
    except pyvips.Error:
        return
    assert apart(ours(sample.data), found) > sample.step


@pytest.mark.parametrize("sample", [each for each in MATRIX if each.refused], ids=named)
def test_what_is_not_read_is_refused_by_its_name(sample: Sample) -> None:
    with pytest.raises(UnsupportedImage, match=re.escape(sample.refused)):
        open_image(sample.data, LIMITS)


def test_no_two_pictures_of_the_matrix_are_the_same() -> None:
    assert len({(each.form, each.layout, each.refused) for each in MATRIX}) >= 190
    assert len({each.data for each in MATRIX}) == len(MATRIX)
