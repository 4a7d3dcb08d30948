"""HEIC and AVIF files whose colours are named by code."""

import numpy as np
import pytest

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.containers import COLOURS
from hikari_serve.pictures.decode import PictureLimits, open_image, read_image
from tests.pictures.files import encode, photo, pixels
from tests.pictures.matrix import coded
from tests.pictures.test_colour import P3, matrix_profile

LIMITS = PictureLimits()
FILES = {form: encode(photo(64, 48), form, quality=90) for form in ("HEIF", "AVIF")}
FORMS = pytest.mark.parametrize("form", FILES)


@FORMS
@pytest.mark.parametrize("codes", [(1, 13), (2, 2), (2, 13), (1, 1), (1, 6)])
def test_codes_of_srgb_and_none_change_nothing(form: str, codes: tuple[int, int]) -> None:
    opened = read_image(coded(FILES[form], *codes), LIMITS)
    assert opened.warnings == ()
    assert np.array_equal(pixels(opened.image), pixels(open_image(FILES[form], LIMITS)))


@FORMS
def test_display_p3_by_its_code_is_display_p3_by_its_profile(form: str) -> None:
    """The linear one of both, so that no curve is in between."""
    data = encode(photo(64, 48), form, quality=90, icc_profile=matrix_profile(P3, 1.0))
    found, wanted = (open_image(each, LIMITS) for each in (coded(FILES[form], 12, 8), data))
    assert np.abs(pixels(found) - pixels(wanted)).max() < 3


@FORMS
@pytest.mark.parametrize(("code", "name"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused_by_name(form: str, code: int, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=rf"high dynamic range \({name}\)"):
        open_image(coded(FILES[form], 9, code), LIMITS)


@pytest.mark.parametrize("codes", [(3, 13), (1, 300), (10, 13)])
def test_unknown_codes_are_told(codes: tuple[int, int]) -> None:
    opened = read_image(coded(FILES["AVIF"], *codes), LIMITS)
    assert opened.warnings == (COLOURS,)
    assert np.array_equal(pixels(opened.image), pixels(open_image(FILES["AVIF"], LIMITS)))


def test_a_profile_outdoes_codes() -> None:
    data = encode(photo(64, 48), "AVIF", icc_profile=matrix_profile(P3, 1.8))
    assert data.count(b"nclx") == 1
    found = open_image(coded(data, 9, 16), LIMITS)
    assert np.array_equal(pixels(found), pixels(open_image(data, LIMITS)))
