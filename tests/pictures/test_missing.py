"""Pixels that a JPEG's decoder fills in without a word."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from hikari_serve.errors import TruncatedImage
from hikari_serve.pictures.containers.jpeg import END
from hikari_serve.pictures.decode import PictureLimits, open_image, read_image
from tests.pictures.files import encode, exif, photo, pixels
from tests.pictures.test_colour import P3, matrix_profile

LIMITS = PictureLimits()
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "RGB": ("RGB", {}),
    "RGB, 4:4:4": ("RGB", {"subsampling": 0}),
    "grey": ("L", {}),
    "CMYK": ("CMYK", {}),
    "restart markers": ("RGB", {"restart_marker_blocks": 1}),
    "held sideways": ("RGB", {"exif": exif(6)}),
    "Display P3": ("RGB", {"icc_profile": matrix_profile(P3, 1.8)}),
}
LAST_BLOCK = 60
"""More bytes than the last block of the picture has."""


def start_of(data: bytes) -> int:
    """Where the compressed pixels of the last scan begin."""
    at = data.rindex(b"\xff\xda") + 2
    return at + int.from_bytes(data[at : at + 2])


def in_three_scans() -> bytes:
    """A picture whose light and two colours have a scan each, put together from three grey ones."""
    components = photo(201, 163).convert("YCbCr").split()
    greys = [encode(each, "JPEG", quality=90) for each in components]
    head = greys[0][: greys[0].index(b"\xff\xda")]
    at = head.index(b"\xff\xc0")
    end = at + 2 + int.from_bytes(head[at + 2 : at + 4])
    size = head[at + 4 : at + 9]
    frame = b"\xff\xc0\0\x11" + size + bytes([3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
    scans = b""
    for number, grey in enumerate(greys, 1):
        scan = bytes([1, number, 0, 0, 63, 0])
        scans += b"\xff\xda\0\x08" + scan + grey[start_of(grey) :].removesuffix(END)
    return head[:at] + frame + head[end:] + scans + END


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_was_cut_and_given_an_end_is_refused(kind: str) -> None:
    mode, options = KINDS[kind]
    whole = encode(photo(201, 163).convert(mode), "JPEG", quality=90, **options)
    assert read_image(whole, LIMITS).warnings == ()
    for end in range(start_of(whole), len(whole) - LAST_BLOCK, 97):
        with pytest.raises(TruncatedImage):
            open_image(whole[:end] + END, LIMITS)


def test_so_is_one_of_which_a_scan_lacks_the_rest_of_a_colour() -> None:
    whole = in_three_scans()
    opened = read_image(whole, LIMITS)
    assert opened.warnings == ()
    assert np.abs(pixels(opened.image) - pixels(photo(201, 163))).max() < 30
    for end in range(start_of(whole), len(whole) - LAST_BLOCK, 97):
        with pytest.raises(TruncatedImage):
            open_image(whole[:end] + END, LIMITS)


def test_so_is_one_without_some_of_its_middle() -> None:
    whole = encode(photo(201, 163), "JPEG", quality=90)
    middle = (start_of(whole) + len(whole)) // 2
    with pytest.raises(TruncatedImage):
        open_image(whole[: middle - 300] + whole[middle + 300 :], LIMITS)


@pytest.mark.parametrize("filling", [b"", b"\0" * 100, b"\xff" * 100], ids=["none", "0", "1"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_picture_that_is_grey_itself_is_read(mode: str, filling: bytes) -> None:
    image = photo(201, 163).convert(mode)
    image.paste((128,) * len(image.getbands()), (100, 80, 201, 163))
    whole = encode(image, "JPEG", quality=90)
    opened = read_image(whole.removesuffix(END) + filling + END, LIMITS)
    assert opened.warnings == ()
    assert np.array_equal(pixels(opened.image), pixels(open_image(whole, LIMITS)))


@pytest.mark.parametrize("width", [17, 24, 33])
def test_a_last_block_of_few_pixels_is_looked_at_too(width: int) -> None:
    whole = encode(photo(width, 49), "JPEG", quality=90)
    assert isinstance(open_image(whole, LIMITS), Image.Image)
    middle = (start_of(whole) + len(whole)) // 2
    with pytest.raises(TruncatedImage):
        open_image(whole[:middle] + END, LIMITS)
