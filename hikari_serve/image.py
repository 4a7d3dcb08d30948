"""Pictures: from the bytes of a request to checked, upright RGB pixels, and from those to views.

A request's picture is decoded once. Each model then gets a view: the picture as that model's
preprocessing makes it, encoded without loss, so that what crosses to another process is exactly
what was resized here. An embedded colour profile is applied: phones store Display P3, in which the
same redness has other numbers than in the sRGB pictures that the checkpoints were trained on.
"""

import re
from hashlib import sha256
from io import BytesIO
from typing import Literal

import numpy as np
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from hikari_serve.colour import to_srgb
from hikari_serve.errors import (
    BadImage,
    EmptyImage,
    ImageTooSmall,
    TooLarge,
    TooManyPixels,
    TruncatedImage,
    UnsupportedImage,
)

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


class Limits(BaseModel):
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


class Preprocessing(BaseModel):
    """How a model wants its pictures scaled.

    Attributes:
        max_side: Longer side of the view in pixels, never enlarged; None keeps every pixel.
        resample: The filter; HIKARI's weights were trained on thumbnails by Lanczos.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_side: PositiveInt | None = None
    resample: Literal["lanczos"] = "lanczos"

    @property
    def id(self) -> str:
        """Names this preprocessing in the provenance of an answer, such as `max672-lanczos`."""
        return "full" if self.max_side is None else f"max{self.max_side}-{self.resample}"


def open_image(data: bytes, limits: Limits) -> Image.Image:
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
    name = _find(data, _SUPPORTED)
    if name is None:
        foreign = _find(data, _UNSUPPORTED)
        found = f"{foreign} is not supported" if foreign else "this is no picture"
        raise UnsupportedImage(f"{found}; send {_ACCEPTED}")
    return _decode(data, name, limits)


def make_view(image: Image.Image, preprocessing: Preprocessing) -> bytes:
    """Scales an RGB picture as a model wants it and encodes it without loss, as BMP."""
    if preprocessing.max_side is not None:
        side = preprocessing.max_side
        image = image.copy()
        # The defaults of `thumbnail` (its reducing gap among them) are what the weights saw.
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    # Write + read of a photo-like view of 672 x 504: BMP 0.6 ms and 1.02 MB, PNG level 1 52 ms
    # and 0.76 MB, lossless WebP 15 ms and 0.77 MB; of 128 x 96: 0.1, 1.6 and 1.0 ms, all
    # near 35 KB. The quarter of size that PNG saves costs far more than it can save on the way.
    # And the same pixels are the same bytes under every version of a compressor.
    buffer = BytesIO()
    image.save(buffer, "BMP")
    return buffer.getvalue()


def read_view(view: bytes) -> Image.Image:
    """Reads back the RGB pixels that `make_view` wrote.

    Raises:
        BadImage: These bytes are no view.
    """
    try:
        return Image.open(BytesIO(view), formats=("BMP",)).convert("RGB")
    except Exception as error:
        raise BadImage("these bytes are no view; send what `make_view` wrote") from error


def content_hash(data: bytes) -> str:
    """The SHA-256 of these bytes in hexadecimal: the identity of a picture or of a view."""
    return sha256(data).hexdigest()


def _find(data: bytes, signatures: dict[str, tuple[int, tuple[bytes, ...]]]) -> str | None:
    for name, (offset, magic) in signatures.items():
        if data.startswith(magic, offset):
            return name
    return None


def _decode(data: bytes, name: str, limits: Limits) -> Image.Image:
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
