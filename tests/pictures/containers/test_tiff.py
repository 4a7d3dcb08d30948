"""TIFF files: which page is the picture, and what would be read as something else."""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hikari_serve.errors import TruncatedImage, UnsupportedImage
from hikari_serve.pictures.decode import PictureLimits, open_image
from tests.pictures.files import encode, photo, pixels

LIMITS = PictureLimits()
SUBFILE, BITS, PHOTOMETRIC, SUB_PAGES, DNG = 254, 258, 262, 330, 50706


def pages(*each: tuple[Image.Image, dict[int, Any]]) -> bytes:
    """A file of pages with tags of their own."""
    buffer = BytesIO()
    (first, tags), *others = each
    for image, own in others:
        image.encoderinfo = {"tiffinfo": own}
    first.save(
        buffer,
        "TIFF",
        save_all=True,
        append_images=[image for image, _ in others],
        tiffinfo=tags,
    )
    return buffer.getvalue()


def directory(order: str, fields: list[tuple[int, int, int, int]], tail: bytes = b"") -> bytes:
    """A file of one directory; each field is tag, type, count and value."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    body = struct.pack(order + "H", len(fields))
    body += b"".join(
        struct.pack(order + "HHI", tag, kind, count)
        + (struct.pack(order + "HH", value, 0) if kind == 3 else struct.pack(order + "I", value))
        for tag, kind, count, value in fields
    )
    return head + body + struct.pack(order + "I", 0) + tail


def test_a_preview_before_the_picture_is_passed_over() -> None:
    small, whole = photo(64, 48), photo(256, 192)
    data = pages((small, {SUBFILE: 1}), (whole, {SUBFILE: 0}))
    assert np.array_equal(pixels(open_image(data, LIMITS)), pixels(whole))


def test_of_several_pages_the_first_is_the_picture() -> None:
    data = pages((photo(64, 48), {}), (photo(256, 192), {}))
    assert open_image(data, LIMITS).size == (64, 48)


def test_previews_alone_are_refused() -> None:
    with pytest.raises(UnsupportedImage, match="previews of reduced resolution alone"):
        open_image(pages((photo(64, 48), {SUBFILE: 1})), LIMITS)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "fields",
    [
        [(SUBFILE, 4, 1, 1), (SUB_PAGES, 4, 1, 8)],
        [(DNG, 1, 1, 1)],
        [(PHOTOMETRIC, 3, 1, 32803)],
    ],
    ids=["preview with sub-pages", "DNG", "mosaic"],
)
def test_raw_files_of_cameras_are_named(
    order: str, fields: list[tuple[int, int, int, int]]
) -> None:
    with pytest.raises(UnsupportedImage, match="a camera's raw file is not supported; send the J"):
        open_image(directory(order, fields), LIMITS)


def test_a_canon_raw_file_is_named_though_its_preview_does_not_say_what_it_is() -> None:
    data = encode(photo(64, 48), "TIFF")
    at = data[4:8]
    moved = data[:4] + struct.pack("<I", len(data)) + b"CR\x02\0" + data[12:]
    first = struct.unpack("<I", at)[0]
    with pytest.raises(UnsupportedImage, match="a camera's raw file is not supported"):
        open_image(moved + data[first:], LIMITS)


@pytest.mark.parametrize(
    ("kind", "bits", "photometric", "said"),
    [
        (2, 8, 1, "signed samples"),
        (2, 16, 1, "signed samples"),
        (3, 16, 1, "floating-point samples"),
        (6, 64, 1, "complex samples"),
        (1, 32, 1, "samples of 32 bits"),
        (1, 12, 1, "samples of 12 bits"),
        (1, 8, 8, "LAB colours"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_samples_that_are_not_read_are_named(
    order: str, kind: int, bits: int, photometric: int, said: str
) -> None:
    fields = [(BITS, 3, 1, bits), (PHOTOMETRIC, 3, 1, photometric), (339, 3, 1, kind)]
    with pytest.raises(UnsupportedImage, match=f"a TIFF file of {said} is not supported; send un"):
        open_image(directory(order, fields), LIMITS)


@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits_with_white_as_zero(order: str) -> None:
    ramp = np.tile(np.arange(0, 65536, 1024, dtype=np.uint16), (48, 1))
    height, width = ramp.shape
    samples = (65535 - ramp).astype(order + "u2").tobytes()
    fields = [
        (256, 3, 1, width), (257, 3, 1, height), (BITS, 3, 1, 16), (259, 3, 1, 1),
        (PHOTOMETRIC, 3, 1, 0), (273, 4, 1, 0), (277, 3, 1, 1), (278, 3, 1, height),
        (279, 4, 1, len(samples)),
    ]  # fmt: skip
    start = len(directory(order, fields))
    fields[5] = (273, 4, 1, start)
    found = pixels(open_image(directory(order, fields, samples), LIMITS))[..., 0]
    assert np.abs(found - ramp / 257).max() <= 1


def test_planes_of_sixteen_bits_are_refused_by_name() -> None:
    fields = [(BITS, 3, 1, 16), (277, 3, 1, 3), (284, 3, 1, 2)]
    with pytest.raises(UnsupportedImage, match="a plane for each colour is not supported; save"):
        open_image(directory("<", fields), LIMITS)


def test_fields_that_claim_the_whole_file_each_are_refused() -> None:
    fields = [(40000 + at, 1, 5_000_000, 8) for at in range(400)]
    with pytest.raises(TruncatedImage):
        open_image(directory("<", fields, bytes(6_000_000)), LIMITS)


def test_a_chain_of_directories_that_bites_its_tail_ends() -> None:
    data = bytearray(directory("<", [(SUBFILE, 4, 1, 1)]))
    data[-4:] = struct.pack("<I", 8)
    with pytest.raises(UnsupportedImage, match="previews"):
        open_image(bytes(data), LIMITS)


def test_too_many_fields_are_refused() -> None:
    data = b"II*\0" + struct.pack("<IH", 8, 65535) + bytes(65535 * 12)
    with pytest.raises(UnsupportedImage, match="more than 500 fields"):
        open_image(data, LIMITS)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_compressions_are_read(compression: str) -> None:
    data = encode(photo(256, 192), "TIFF", compression=compression)
    assert np.abs(pixels(open_image(data, LIMITS)) - pixels(photo(256, 192))).mean() < 3
