"""What the scans of a JPEG announce: restart markers, and every component."""

import re

import numpy as np
import pytest

from hikari_serve.errors import TruncatedImage
from hikari_serve.pictures.containers.jpeg import END
from hikari_serve.pictures.decode import PictureLimits, open_image, read_image
from tests.pictures.files import encode, photo, pixels

LIMITS = PictureLimits()
RESTARTS = [
    {"restart_marker_rows": 1},
    {"restart_marker_blocks": 1},
    {"restart_marker_blocks": 5},
    {"restart_marker_rows": 1, "progressive": True},
]


def restarted(options: dict[str, int], mode: str = "RGB", subsampling: int = 2) -> bytes:
    """A picture of which no side is a whole number of blocks."""
    image = photo(201, 163).convert(mode)
    return encode(image, "JPEG", quality=85, subsampling=subsampling, **options)


def markers(data: bytes) -> list[int]:
    """Where the restart markers stand."""
    return [found.start() for found in re.finditer(rb"\xff[\xd0-\xd7]", data)]


@pytest.mark.parametrize("options", RESTARTS, ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_picture_with_restart_markers_is_read(
    options: dict[str, int], mode: str, subsampling: int
) -> None:
    whole = restarted(options, mode, subsampling)
    assert markers(whole)
    assert read_image(whole, LIMITS).warnings == ()


@pytest.mark.parametrize("options", RESTARTS, ids=str)
@pytest.mark.parametrize("end", [b"", END], ids=["no end", "an end"])
def test_one_that_is_cut_at_a_restart_marker_is_refused(
    options: dict[str, int], end: bytes
) -> None:
    whole = restarted(options)
    for at in markers(whole):
        for kept in (at, at + 1):
            with pytest.raises(TruncatedImage):
                open_image(whole[:kept] + end, LIMITS)


def test_one_that_lacks_a_restart_marker_in_its_middle_is_refused() -> None:
    whole = restarted({"restart_marker_rows": 1})
    at = markers(whole)
    with pytest.raises(TruncatedImage):
        open_image(whole[: at[4]] + whole[at[5] :], LIMITS)


def test_a_restart_marker_that_no_pixel_follows_is_no_damage() -> None:
    whole = restarted({"restart_marker_rows": 1})
    number = len(markers(whole)) % 8
    more = whole.removesuffix(END) + bytes([0xFF, 0xD0 + number]) + END
    assert np.array_equal(pixels(open_image(more, LIMITS)), pixels(open_image(whole, LIMITS)))


def test_a_progressive_picture_that_lacks_its_last_scan_is_refused() -> None:
    whole = encode(photo(200, 160), "JPEG", progressive=True)
    with pytest.raises(TruncatedImage):
        open_image(whole[: whole.rindex(b"\xff\xda")] + END, LIMITS)
