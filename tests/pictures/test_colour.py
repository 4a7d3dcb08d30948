import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms, TiffImagePlugin, TiffTags

from hikari_serve.pictures.colour import to_srgb
from hikari_serve.pictures.containers import COLOURS
from hikari_serve.pictures.decode import PictureLimits, read_image
from tests.pictures.files import encode, pixels

LIMITS = PictureLimits()

P3 = np.array(
    [[0.51512, 0.29198, 0.1571], [0.2412, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)
SRGB = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.7141]]
)
"""Columns are the primaries in XYZ under D50, as the ICC profiles of both spaces give them."""

SKIN = Image.new("RGB", (20, 20), (200, 110, 90))


def matrix_profile(primaries: NDArray[np.float64], gamma: float) -> bytes:
    """A display profile of ICC version 2, written by hand."""

    def xyz(values: NDArray[np.float64]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
    name = b"desc\0\0\0\0" + struct.pack(">I", 4) + b"P3\0\0" + bytes(78)
    name += bytes(-len(name) % 4)
    tags = {
        b"desc": name,
        b"cprt": b"text\0\0\0\0x\0\0\0",
        b"wtpt": xyz(np.array([0.9642, 1, 0.8249])),
    }
    tags |= {key: xyz(primaries[:, i]) for i, key in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return written(b"mntrRGB XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    """The same of a picture in grey."""
    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    return written(b"mntrGRAYXYZ ", {b"wtpt": white, b"kTRC": curve})


def written(kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", start + len(body), len(value))
        body += value
    head = struct.pack(">I4xI12s12x4s", start + len(body), 0x02400000, kind, b"acsp")
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


def test_display_p3_becomes_the_colour_that_it_means() -> None:
    linear = P3 @ (np.array(SKIN.getpixel((0, 0))) / 255) ** 2.2
    red, green, blue = np.linalg.solve(SRGB, linear)
    expected = [
        255 * (1.055 * v ** (1 / 2.4) - 0.055 if v > 0.0031308 else 12.92 * v)
        for v in (red, green, blue)
    ]
    found, understood = to_srgb(SKIN, matrix_profile(P3, 2.2))
    assert understood
    seen = found.getpixel((0, 0))
    assert isinstance(seen, tuple)
    assert seen == pytest.approx(expected, abs=2)
    assert seen[0] - 200 >= 8  # the same redness has a larger number in sRGB


def test_srgb_pixels_stay_exactly_as_they_are() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert to_srgb(SKIN, profile) == (SKIN, True)
    assert to_srgb(SKIN, b"") == (SKIN, True)


@pytest.mark.parametrize(
    "profile",
    [None, b"nonsense", matrix_profile(P3, 2.2)[:200], matrix_profile(P3, 2.2)[:-30]],
)
def test_a_profile_that_cannot_be_read_says_nothing(profile: bytes | None) -> None:
    assert to_srgb(SKIN, profile) == (SKIN, False)


def test_a_profile_for_another_kind_of_picture_says_nothing() -> None:
    inks = Image.new("CMYK", (20, 20), (10, 120, 90, 0))
    found, understood = to_srgb(inks, matrix_profile(P3, 2.2))
    assert not understood
    assert found == inks.convert("RGB")


def test_grey_is_as_much_of_each_colour() -> None:
    grey = Image.new("L", (20, 20), 120)
    found, understood = to_srgb(grey, matrix_profile(P3, 1.0))
    assert understood
    linear = 120 / 255
    expected = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    assert found.getpixel((0, 0)) == pytest.approx((expected,) * 3, abs=2)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "HEIF"])
def test_a_picture_says_that_its_profile_was_not_used(form: str) -> None:
    damaged = read_image(encode(SKIN, form, icc_profile=b"nonsense" * 40), LIMITS)
    assert damaged.warnings == (COLOURS,)
    assert pixels(damaged.image) == pytest.approx(
        pixels(read_image(encode(SKIN, form), LIMITS).image)
    )
    whole = read_image(encode(SKIN, form, icc_profile=matrix_profile(P3, 2.2)), LIMITS)
    assert whole.warnings == ()


def test_so_does_a_jpeg_whose_profile_lacks_a_part() -> None:
    data = encode(SKIN, "JPEG", icc_profile=matrix_profile(P3, 2.2))
    at = data.index(b"ICC_PROFILE\0\1\1") + len(b"ICC_PROFILE\0\1")
    lacking = data[:at] + b"\2" + data[at + 1 :]
    assert read_image(lacking, LIMITS).warnings == (COLOURS,)


def test_so_does_a_tiff_whose_profile_is_a_text() -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[34675] = TiffTags.ASCII
    tags[34675] = "no profile"
    opened = read_image(encode(SKIN, "TIFF", tiffinfo=tags), LIMITS)
    assert opened.warnings == (COLOURS,)


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_a_grey_picture_of_any_kind_is_as_its_grey_profile_means_it(mode: str) -> None:
    image = Image.new("L", (20, 20), 255 if mode == "1" else 120).convert(mode)
    opened = read_image(encode(image, "PNG", icc_profile=grey_profile(1.0)), LIMITS)
    assert opened.warnings == ()
    expected = 255 if mode == "1" else 255 * (1.055 * (120 / 255) ** (1 / 2.4) - 0.055)
    assert opened.image.getpixel((0, 0)) == pytest.approx((expected,) * 3, abs=2)
