"""Bitmaps and GIFs whose cost is in their parts."""

import pytest

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.decode import PictureLimits, open_image
from tests.pictures.files import encode, photo

LIMITS = PictureLimits()


def test_a_large_run_length_encoded_bitmap_is_refused() -> None:
    data = bytearray(encode(photo(64, 48).quantize(8), "BMP"))
    data[30] = 1
    with pytest.raises(UnsupportedImage, match=r"run-length encoded BMP file of more than 1 MB"):
        open_image(bytes(data) + b"\1\1" * 600_000, LIMITS)


@pytest.mark.parametrize("comment", [b"\x21\xfe\x01x\0", b"\x21\xfe" + b"\x01x" * 5000 + b"\0"])
def test_a_gif_of_a_million_blocks_is_refused_at_once(comment: bytes) -> None:
    data = encode(photo(64, 48), "GIF")
    at = 13 + (3 << (data[10] & 7) + 1)
    with pytest.raises(UnsupportedImage, match="more than 2000 blocks; save it anew"):
        open_image(data[:at] + comment * (2_000_000 // len(comment)) + data[at:], LIMITS)
    assert open_image(data[:at] + b"\x21\xfe\x05hello\0" + data[at:], LIMITS).size == (64, 48)
