"""Damaged pictures, as many as can be made up: an upright RGB picture, or a refusal that says why."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_serve.errors import BadImage
from hikari_serve.pictures.decode import PictureLimits, open_image
from tests.pictures.files import FILES
from tests.pictures.trying import tries

LIMITS = PictureLimits(max_pixels=1_000_000)
TRIES = tries(400, deadline_ms=2000)

kinds = st.sampled_from(sorted(FILES))
places = st.floats(0, 1, exclude_max=True)


def open_or_refuse(data: bytes) -> None:
    try:
        image = open_image(data, LIMITS)
    except BadImage:
        return
    assert image.mode == "RGB"
    assert min(image.size) >= LIMITS.min_side
    assert image.width * image.height <= LIMITS.max_pixels


@TRIES
@given(kinds, st.lists(st.tuples(places, st.binary(min_size=1, max_size=8)), max_size=6))
def test_overwritten_bytes(kind: str, changes: list[tuple[float, bytes]]) -> None:
    data = bytearray(FILES[kind])
    for place, new in changes:
        at = int(place * len(data))
        data[at : at + len(new)] = new
    open_or_refuse(bytes(data))


@TRIES
@given(kinds, places, places)
def test_missing_bytes(kind: str, start: float, share: float) -> None:
    data = FILES[kind]
    at = int(start * len(data))
    open_or_refuse(data[:at] + data[at + int(share * len(data)) :])


@TRIES
@given(kinds, kinds, places)
def test_two_files_in_one(first: str, second: str, place: float) -> None:
    at = int(place * len(FILES[first]))
    open_or_refuse(FILES[first][:at] + FILES[second])


@TRIES
@given(st.sampled_from(["JPEG", "PNG", "lossless WebP", "BMP", "TIFF", "GIF", "HEIC"]), places)
def test_a_truncated_file_is_whole_or_refused_and_never_partly_grey(
    kind: str, share: float
) -> None:
    data = FILES[kind]
    try:
        image = open_image(data[: int(share * len(data))], LIMITS)
    except BadImage:
        return
    assert np.array_equal(np.asarray(image), np.asarray(open_image(data, LIMITS)))


@pytest.mark.parametrize("kind", sorted(FILES))
def test_the_files_themselves_are_read(kind: str) -> None:
    open_image(FILES[kind], LIMITS)
