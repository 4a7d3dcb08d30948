import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from hikari_serve.pictures.colour import to_srgb

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
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for key, value in tags.items():
        table += key + struct.pack(">II", start + len(body), len(value))
        body += value
    head = struct.pack(
        ">I4xI4s4s4s12x4s", start + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


def test_display_p3_becomes_the_colour_that_it_means() -> None:
    linear = P3 @ (np.array(SKIN.getpixel((0, 0))) / 255) ** 2.2
    red, green, blue = np.linalg.solve(SRGB, linear)
    expected = [
        255 * (1.055 * v ** (1 / 2.4) - 0.055 if v > 0.0031308 else 12.92 * v)
        for v in (red, green, blue)
    ]
    seen = to_srgb(SKIN, matrix_profile(P3, 2.2)).getpixel((0, 0))
    assert isinstance(seen, tuple)
    assert seen == pytest.approx(expected, abs=2)
    assert seen[0] - 200 >= 8  # the same redness has a larger number in sRGB


def test_srgb_pixels_stay_exactly_as_they_are() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert to_srgb(SKIN, profile) is SKIN


@pytest.mark.parametrize(
    "profile",
    [None, b"", b"nonsense", matrix_profile(P3, 2.2)[:200], matrix_profile(P3, 2.2)[:-30]],
)
def test_a_profile_that_cannot_be_read_says_nothing(profile: bytes | None) -> None:
    assert to_srgb(SKIN, profile).tobytes() == SKIN.tobytes()


def test_a_profile_for_another_kind_of_picture_says_nothing() -> None:
    grey = Image.new("L", (20, 20), 120)
    assert to_srgb(grey, matrix_profile(P3, 2.2)).getpixel((0, 0)) == (120, 120, 120)
