"""What stands in a file around its pixels, looked through before a decoder sees it.

Pillow reads the parts of a file one by one in Python, so that a file of a million empty ones costs
minutes, and fails for damage in parts that no pixel needs. Here the parts are counted, and the file
is passed on with those alone that the pixels need.
"""

from dataclasses import dataclass

from hikari_serve.errors import TruncatedImage, UnsupportedImage

MAX_PARTS = 2000
"""Segments, chunks or blocks of a file: photographs have tens, and below 2,000."""

METADATA = "its metadata is damaged and was not read"
EXIF = "its EXIF is damaged: it is taken upright as it is stored"
COLOURS = "its colour profile cannot be used: its colours are taken as sRGB"
CUT = "the end of its file is missing, though no pixel is"


@dataclass(frozen=True, slots=True)
class Contents:
    """A file as its decoder is to see it, and what was taken out.

    Attributes:
        data: The file with what its pixels need.
        exif: The EXIF of the picture, if it has one.
        profile: The ICC profile that its colours are in, if it says so outside of `data`.
        warnings: What could not be read, and how the picture was taken instead.
        scans: How many passes over the pixels a JPEG makes.
    """

    data: bytes
    exif: bytes | None = None
    profile: bytes | None = None
    warnings: tuple[str, ...] = ()
    scans: int = 1


def damaged(name: str) -> TruncatedImage:
    """The refusal of a file of this format that lacks pixels."""
    return TruncatedImage(f"the {name} file is truncated or damaged; send the whole, intact file")


def too_many_parts(name: str, parts: str, most: int = MAX_PARTS) -> UnsupportedImage:
    """The refusal of a file with more parts than any picture needs."""
    return UnsupportedImage(f"the {name} file has more than {most} {parts}; save it anew")
