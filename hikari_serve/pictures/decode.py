"""From the bytes of a request to checked, upright RGB pixels.

A request's picture is decoded once. An embedded colour profile is applied: phones store Display
P3, in which the same redness has other numbers than in the sRGB pictures that the checkpoints were
trained on.
"""

import re
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from hikari_serve.errors import (
    EmptyImage,
    ImageTooSmall,
    TooLarge,
    TooManyPixels,
    TruncatedImage,
    UnsupportedImage,
)
from hikari_serve.pictures.colour import to_srgb

_ACCEPTED = "a JPEG, PNG, WebP, BMP, TIFF, GIF or HEIC file"

# The first bytes of a format: where they stand, and what they may be.
_SUPPORTED: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "JPEG": (0, (b"\xff\xd8\xff",)),
    "PNG": (0, (b"\x89PNG\r\n\x1a\n",)),
    "WebP": (8, (b"WEBP",)),
    "BMP": (0, (b"BM",)),
    "TIFF": (0, (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    "GIF": (0, (b"GIF87a", b"GIF89a")),
    "HEIC": (4, (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1")),
}
# Recognised only to say what was sent, instead of "no picture".
_UNSUPPORTED: dict[str, tuple[int, tuple[bytes, ...]]] = {
    "AVIF": (4, (b"ftypavif", b"ftypavis")),
    "JPEG 2000": (0, (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    "DICOM": (128, (b"DICM",)),
    "PDF": (0, (b"%PDF-",)),
}
# pillow-heif reads HEIC for Pillow, under the name of the container.
register_heif_opener()
_PILLOW_NAMES = {"HEIC": "HEIF"}
# Pillow's modes of 32-bit integer, float and LAB samples: it converts them without scaling.
_UNSCALED = ("I", "F", "LAB")
# A marker outside of the compressed data, where FF is followed by 00 or a restart marker.
_JPEG_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
# Encoders write about 10; 100 is also where libtiff stops (LIBTIFF_JPEG_MAX_ALLOWED_SCAN_NUMBER).
_MAX_SCANS = 100


class PictureLimits(BaseModel):
    """What a picture may be at most, and at least.

    Attributes:
        max_bytes: Size of the file.
        max_pixels: Width times height, read from the header before anything is decoded. Pillow's
            own guard against decompression bombs, which this cannot exceed, begins at 89 million.
        min_side: Shorter side in pixels; anything below shows no lesion.
        max_aspect: Longer side over shorter; Qwen's image processor refuses more than 200.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: PositiveInt = 20_000_000
    max_pixels: int = Field(default=50_000_000, gt=0, le=89_000_000)
    min_side: PositiveInt = 16
    max_aspect: PositiveInt = 50


def open_image(data: bytes, limits: PictureLimits) -> Image.Image:
    """Decodes a picture: upright, RGB, without metadata, transparency laid on white.

    Of an animation or a file of several pages, the first is taken.

    Raises:
        TooLarge: The file has more than `limits.max_bytes`.
        EmptyImage: There are no bytes.
        UnsupportedImage: They are no picture, or one of another format.
        TruncatedImage: The file is truncated or damaged.
        TooManyPixels: Its header says more than `limits.max_pixels`.
        ImageTooSmall: A side is too short, or much shorter than the other.
    """
    if not data:
        raise EmptyImage(f"the picture is empty; send {_ACCEPTED}")
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"the picture has {len(data) / 1e6:.1f} MB; at most {limits.max_bytes / 1e6:g} MB "
            "are accepted, so send it smaller"
        )
    name = form_of(data)
    if name is None:
        foreign = _find(data, _UNSUPPORTED)
        found = f"{foreign} is not supported" if foreign else "this is no picture"
        raise UnsupportedImage(f"{found}; send {_ACCEPTED}")
    return _decode(data, name, limits)


def form_of(data: bytes) -> str | None:
    """What a file is, by its first bytes: `JPEG` and the like; None for what is not read."""
    return _find(data, _SUPPORTED)


def _find(data: bytes, signatures: dict[str, tuple[int, tuple[bytes, ...]]]) -> str | None:
    for name, (offset, magic) in signatures.items():
        if data.startswith(magic, offset):
            return name
    return None


def _decode(data: bytes, name: str, limits: PictureLimits) -> Image.Image:
    damaged = f"the {name} file is truncated or damaged; send the whole, intact file"
    too_many = f"more than {limits.max_pixels / 1e6:g} megapixels; send it scaled down"
    # Pillow's readers raise whatever a damaged file makes them stumble over (SyntaxError,
    # struct.error, EOFError, ...), so every exception means the same here.
    try:
        image = Image.open(BytesIO(data), formats=(_PILLOW_NAMES.get(name, name),))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(f"the picture has {too_many}") from error
    except Exception as error:
        raise TruncatedImage(damaged) from error
    width, height = image.size
    if width * height > limits.max_pixels:
        raise TooManyPixels(f"the picture has {width} x {height} pixels, {too_many}")
    if min(width, height) < limits.min_side:
        raise ImageTooSmall(
            f"the picture has {width} x {height} pixels; "
            f"each side must have at least {limits.min_side}"
        )
    if max(width, height) > limits.max_aspect * min(width, height):
        raise ImageTooSmall(
            f"the picture has {width} x {height} pixels; its longer side may be at most "
            f"{limits.max_aspect} times the shorter"
        )
    if image.mode in _UNSCALED:
        raise UnsupportedImage(
            "32-bit and LAB samples are not supported; send 8 or 16 bits a channel, RGB"
        )
    if name == "JPEG" and not _is_sound_jpeg(data):
        raise TruncatedImage(damaged)
    try:
        return _rgb(ImageOps.exif_transpose(image))
    except Exception as error:
        raise TruncatedImage(damaged) from error


def _is_sound_jpeg(data: bytes) -> bool:
    """Whether a JPEG has its end marker and a sensible number of scans.

    An interrupted copy may be filled up with zeros, which the decoder would take for picture.
    And a progressive file of 20 MB has room for 200,000 empty scans, each of them a pass over
    all pixels (30 ms for 50 megapixels).
    """
    at, scans = 2, 0
    while marker := _JPEG_MARKER.search(data, at):
        kind, length = marker[0][-1], data[marker.end() : marker.end() + 2]
        scans += kind == _START_OF_SCAN
        if kind == _END_OF_IMAGE:
            return 0 < scans <= _MAX_SCANS
        at = marker.end() + int.from_bytes(length)
    return False


def _rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I;16"):
        # Pillow would clip 16-bit samples at 255; 65535 / 257 = 255.
        samples = np.asarray(image).astype(np.uint32)
        image = Image.fromarray(((samples + 128) // 257).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer)
    elif image.mode not in ("RGB", "CMYK", "L"):
        image = image.convert("RGB")
    image = to_srgb(image, profile)
    image.info = {}
    return image
