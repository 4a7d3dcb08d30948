"""No file costs more than seconds, whatever its parts: the processor's time, not the clock's."""

import struct
import time
import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hikari_serve.errors import HikariError
from hikari_serve.pictures.decode import PictureLimits, open_image
from tests.pictures.containers.test_jpeg import segment
from tests.pictures.containers.test_png import dressed
from tests.pictures.files import FILES, chunk, encode, photo
from tests.pictures.trying import tries

LIMITS = PictureLimits()
BOUND = 2.0
"""Seconds of the processor."""

JPEG = FILES["JPEG"]
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\1\xff\xff\xff\xff\0\0\0\0" * 5000


def rle_bitmap() -> bytes:
    data = bytearray(encode(photo(64, 48).quantize(8), "BMP"))
    data[30] = 1
    return bytes(data) + b"\1\1" * 400_000


def wide_png() -> bytes:
    """50 megapixels of 16 bits with transparency: 400 MB, packed into 2."""
    width, height = 8000, 6200
    packed = zlib.compress((b"\0" + b"\x12\x34" * 4 * width) * height, 1)
    header = struct.pack(">IIBBBBB", width, height, 8 * 2, 6, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", packed), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def scans() -> bytes:
    data = encode(photo(2000, 1500), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + 85 * last + data[-2:]


FLOODS = {
    "JPEG of empty segments": JPEG[:2] + segment(0xE5) * 4_000_000 + JPEG[2:],
    "JPEG of scans": scans(),
    "JPEG with a flood of EXIF": JPEG[:2] + segment(0xE1, EXIF) * 300 + JPEG[2:],
    "JPEG of fill bytes": JPEG[:2] + b"\xff" * 15_000_000 + JPEG[2:],
    "PNG of empty chunks": dressed(chunk(b"tEXt", b"") * 1_500_000),
    "PNG of empty pixels": dressed(chunk(b"IDAT", b"") * 1_500_000),
    "PNG with packed text": dressed(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**9)))),
    "PNG with a packed profile": dressed(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(10**9)))),
    "PNG of 400 MB": wide_png(),
    "BMP of runs": rle_bitmap(),
    "GIF of comments": FILES["GIF"][:13] + b"\x21\xfe\x01x\0" * 3_000_000,
    "TIFF of strips": encode(Image.new("L", (400, 18_000)), "TIFF", tiffinfo={278: 1}),
    "TIFF of fields": b"II*\0\x08\0\0\0\xff\xff" + bytes(19_000_000),
    "TIFF of pages": b"II*\0\x08\0\0\0" + b"\1\0\xfe\0\4\0\1\0\0\0\1\0\0\0\x08\0\0\0",
}


def cost(data: bytes) -> float:
    began = time.process_time()
    with suppress(HikariError):
        open_image(data, LIMITS)
    return time.process_time() - began


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_parts_costs_little(kind: str) -> None:
    assert len(FLOODS[kind]) <= LIMITS.max_bytes
    assert cost(FLOODS[kind]) < BOUND


@tries(150)
@given(st.sampled_from(sorted(FILES)), st.binary(min_size=1, max_size=40), st.integers(1, 200_000),
       st.floats(0, 1))  # fmt: skip
def test_any_bytes_many_times_over_cost_little(
    kind: str, part: bytes, times: int, where: float
) -> None:
    data = FILES[kind]
    at = int(where * len(data))
    whole = data[:at] + part * min(times, 19_000_000 // len(part)) + data[at:]
    assert cost(whole) < BOUND


def test_many_turns_of_a_page_cost_little() -> None:
    buffer = BytesIO()
    pages = [Image.new("L", (16, 16)) for _ in range(500)]
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    assert cost(buffer.getvalue()) < BOUND
