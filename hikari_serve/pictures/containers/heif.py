"""The colours of HEIC and AVIF files (ISO/IEC 23008-12) that name them by code (nclx)."""

from pillow_heif import open_heif

from hikari_serve.pictures.containers import COLOURS, Contents
from hikari_serve.pictures.containers.profiles import SRGB_CODES, profile_of_codes

_UNSPECIFIED = 2


def read_heif(data: bytes) -> Contents:
    """Reads what codes say of the colours, where no ICC profile does; the file stays as it is.

    Pillow tells the codes of no AVIF, but libheif reads the head of one too.

    Raises:
        UnsupportedImage: The colours are meant for a screen of high dynamic range.
    """
    try:
        info = open_heif(data).info
    except Exception:  # libheif's errors are of many kinds; those of the pixels' decoder count
        return Contents(data, warnings=(COLOURS,))
    codes = info.get("nclx_profile")
    if codes is None or "icc_profile" in info:
        return Contents(data)
    named = (codes["color_primaries"], codes["transfer_characteristics"])
    meant = [
        own if code == _UNSPECIFIED else code for code, own in zip(named, SRGB_CODES, strict=True)
    ]
    profile, warnings = profile_of_codes(*meant)
    return Contents(data, None, profile, tuple(warnings))
