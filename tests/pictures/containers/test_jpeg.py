"""JPEG files as cameras, editors and cut copies leave them."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from hikari_serve.errors import TruncatedImage, UnsupportedImage
from hikari_serve.pictures.containers import CUT, EXIF
from hikari_serve.pictures.containers.jpeg import read_jpeg
from hikari_serve.pictures.decode import PictureLimits, open_image, read_image
from tests.pictures.files import encode, exif, photo, pixels

LIMITS = PictureLimits()
PICTURE = encode(photo(200, 160), "JPEG", quality=90)
PROGRESSIVE = encode(photo(200, 160), "JPEG", quality=90, progressive=True)
RESTARTED = encode(photo(200, 160), "JPEG", quality=90, restart_marker_blocks=1)
WHOLE = pytest.mark.parametrize(
    "whole", [PICTURE, PROGRESSIVE, RESTARTED], ids=["baseline", "progressive", "restarts"]
)


def segment(kind: int, body: bytes = b"") -> bytes:
    return b"\xff" + bytes([kind]) + (len(body) + 2).to_bytes(2) + body


def test_only_what_pixels_need_is_passed_on() -> None:
    dressed = PICTURE[:2] + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>")
    dressed += segment(0xED, b"Photoshop 3.0\0") + segment(0xFE, b"a comment") + PICTURE[2:]
    assert read_jpeg(dressed).data == read_jpeg(PICTURE).data


def test_the_profile_in_many_segments_stays() -> None:
    profile = bytes(range(256)) * 600
    data = encode(photo(64, 48), "JPEG", icc_profile=profile)
    kept = Image.open(BytesIO(read_jpeg(data).data))
    assert kept.info["icc_profile"] == profile


@WHOLE
@pytest.mark.parametrize("missing", [1, 2])
def test_a_missing_end_marker_is_told_and_costs_no_picture(whole: bytes, missing: int) -> None:
    opened = read_image(whole[:-missing], LIMITS)
    assert opened.warnings == (CUT,)
    assert np.array_equal(pixels(opened.image), pixels(open_image(whole, LIMITS)))


@WHOLE
def test_a_file_that_lacks_pixels_is_refused_wherever_it_is_cut(whole: bytes) -> None:
    right = pixels(open_image(whole, LIMITS))
    for end in range(200, len(whole) - 2, 97):
        try:
            found = pixels(open_image(whole[:end], LIMITS))
        except TruncatedImage:
            continue
        assert np.array_equal(found, right), end


@pytest.mark.parametrize("filling", [b"\0", b"\xff", b"\x55"])
def test_a_copy_that_was_filled_up_is_refused(filling: bytes) -> None:
    half = PICTURE[: len(PICTURE) // 2]
    with pytest.raises(TruncatedImage):
        open_image(half + filling * len(half), LIMITS)


@pytest.mark.parametrize("body", [b"Exif\0\0garbage!", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_damaged_exif_is_told_and_costs_no_picture(body: bytes) -> None:
    data = PICTURE[:2] + segment(0xE1, body) + PICTURE[2:]
    opened = read_image(data, LIMITS)
    assert opened.warnings == (EXIF,)
    assert np.array_equal(pixels(opened.image), pixels(open_image(PICTURE, LIMITS)))


def test_empty_exif_is_no_damage() -> None:
    assert read_image(PICTURE[:2] + segment(0xE1, b"Exif\0\0") + PICTURE[2:], LIMITS).warnings == ()


def test_of_two_exif_segments_the_first_counts() -> None:
    turned = encode(photo(200, 160), "JPEG", exif=exif(6))
    again = turned[:2] + segment(0xE1, b"Exif\0\0" + exif(1).tobytes()[6:]) + turned[2:]
    assert open_image(turned, LIMITS).size == (160, 200)
    assert open_image(again, LIMITS).size == (200, 160)


@pytest.mark.parametrize("kind", [0xE5, 0xFE, 0xE0])
def test_a_million_segments_are_refused_at_once(kind: int) -> None:
    data = PICTURE[:2] + segment(kind) * 1_000_000 + PICTURE[2:]
    with pytest.raises(UnsupportedImage, match="more than 2000 segments; save it anew"):
        open_image(data, LIMITS)


@pytest.mark.parametrize(
    ("frame", "name"), [(b"\xff\xc1", "JPEG of 12 bits"), (b"\xff\xc3", "lossless JPEG")]
)
def test_kinds_that_are_not_read_are_named(frame: bytes, name: str) -> None:
    at = PICTURE.index(b"\xff\xc0")
    data = PICTURE[:at] + frame + PICTURE[at + 2 : at + 4] + b"\x0c" + PICTURE[at + 5 :]
    with pytest.raises(UnsupportedImage, match=name):
        open_image(data, LIMITS)


def test_jpeg_ls_is_named() -> None:
    with pytest.raises(UnsupportedImage, match="JPEG-LS is not supported"):
        open_image(b"\xff\xd8" + segment(0xF7, bytes(9)) + bytes(100), LIMITS)
