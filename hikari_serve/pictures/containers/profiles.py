"""ICC profiles of colours that a file names in numbers: by code (ITU-T H.273), or by gamma."""

import struct
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hikari_serve.errors import UnsupportedImage
from hikari_serve.pictures.containers import COLOURS

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Primaries = tuple[float, ...]

_D65 = (0.3127, 0.3290)
SRGB: Primaries = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_PRIMARIES: dict[int, Primaries] = {
    1: SRGB,
    5: (*_D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (*_D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
"""x and y of white, red, green and blue, by H.273's ColourPrimaries."""

_CURVES: dict[int, Curve] = {
    1: lambda x: np.where(x < 0.081, x / 4.5, ((x + 0.099) / 1.099) ** (1 / 0.45)),
    4: lambda x: x**2.2,
    5: lambda x: x**2.8,
    8: lambda x: x,
    13: lambda x: np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4),
}
"""From stored values to light, both 0 to 1, by H.273's TransferCharacteristics."""
_CURVES |= dict.fromkeys((6, 14, 15), _CURVES[1])
_LIKE_SRGB = (1, 6, 13, 14, 15)
"""With sRGB's primaries, the codes of video too are shown as sRGB by all that show pictures."""
_HDR = {16: "PQ", 18: "HLG"}
SRGB_CODES = (1, 13)

_TABLE = 1024
_GAMMA_OF_SRGB = 45455
"""PNG's gAMA of a picture that is meant as sRGB, in 1/100,000."""
_NEAR = 1000
"""How far a gAMA may be from that and mean it: 0.01."""
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""Cone responses of Lam's Bradford transform, by which ICC.1 adapts white to D50."""


def profile_of_codes(primaries: int, transfer: int) -> tuple[bytes | None, list[str]]:
    """The profile of colours by their codes, None for sRGB, and what is not known of them.

    Raises:
        UnsupportedImage: The colours are meant for a screen of high dynamic range.
    """
    if transfer in _HDR:
        raise UnsupportedImage(
            f"pictures of high dynamic range ({_HDR[transfer]}) are not supported; "
            "send one of standard range"
        )
    if primaries == SRGB_CODES[0] and transfer in _LIKE_SRGB:
        return None, []
    if primaries not in _PRIMARIES or transfer not in _CURVES:
        return None, [COLOURS]
    return matrix_profile(_PRIMARIES[primaries], _CURVES[transfer]), []


def profile_of_gamma(gamma: bytes, primaries: bytes) -> bytes | None:
    """The profile of a PNG's gAMA and cHRM chunks; None where they mean sRGB, or nothing."""
    value = int.from_bytes(gamma)
    own: Primaries = SRGB
    if len(primaries) == 32:
        own = tuple(each / 100_000 for each in struct.unpack(">8I", primaries))
    srgb = np.allclose(own, SRGB, atol=0.005)
    if len(gamma) != 4 or not 10_000 <= value <= 500_000:
        return None
    if srgb and abs(value - _GAMMA_OF_SRGB) <= _NEAR:
        return None
    try:
        return matrix_profile(own, lambda x: x ** (100_000 / value))
    except (ZeroDivisionError, np.linalg.LinAlgError):
        return None


def matrix_profile(primaries: Primaries, curve: Curve) -> bytes:
    """A display profile of three primaries and one curve (ICC.1:2001-04, three-component matrix).

    Args:
        primaries: x and y of white, red, green and blue.
        curve: From stored values to light, both 0 to 1.
    """
    tags = {
        b"wtpt": _xyz(_D50),
        **dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(_xyz, _columns(primaries)), strict=True)),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(curve)),
    }
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, tag in tags.items():
        table += name + struct.pack(">II", start + len(body), len(tag))
        body += tag
    size = struct.pack(">I", start + len(body))
    header = size + b"\0\0\0\0\x02\x40\0\0mntrRGB XYZ ".ljust(32, b"\0") + b"acsp"
    illuminant = struct.pack(">3i", *np.round(_D50 * 65536).astype(int))
    header = header.ljust(68, b"\0") + illuminant
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _columns(primaries: Primaries) -> NDArray[np.float64]:
    """XYZ of red, green and blue under D50, (3, 3), a row each."""
    pairs = zip(primaries[::2], primaries[1::2], strict=True)
    points = [np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in pairs]
    white, matrix = points[0], np.stack(points[1:], axis=1)
    matrix = matrix * np.linalg.solve(matrix, white)
    gain = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(gain) @ _BRADFORD @ matrix
    return np.asarray(adapted.T, np.float64)


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *np.round(values * 65536).astype(int))


def _curve(curve: Curve) -> bytes:
    values = np.clip(curve(np.linspace(0, 1, _TABLE)), 0, 1)
    table = np.round(values * 65535).astype(">u2").tobytes()
    return b"curv\0\0\0\0" + struct.pack(">I", _TABLE) + table
