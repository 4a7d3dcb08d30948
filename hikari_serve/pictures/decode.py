"""From the bytes of a request to checked, upright RGB pixels.

A request's picture is decoded once. An embedded colour profile is applied: phones store Display
P3, in which the same redness has other numbers than in the sRGB pictures that the checkpoints were
trained on. What only stands around the pixels cannot fail the picture, nor make it dear: it is
looked through in `containers` first, and what is wrong there is told as a warning.
"""

from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from hikari_serve.errors import (
    BadImage,
    EmptyImage,
    ImageTooSmall,
    TooLarge,
    TooManyPixels,
    UnsupportedImage,
)
from hikari_serve.pictures.colour import to_srgb
from hikari_serve.pictures.containers import COLOURS, CUT, EXIF, Contents, damaged
from hikari_serve.pictures.containers.heif import read_heif
from hikari_serve.pictures.containers.jpeg import END, read_jpeg
from hikari_serve.pictures.containers.png import has_every_row, read_png
from hikari_serve.pictures.containers.simple import check_bmp, check_gif
from hikari_serve.pictures.containers.tiff import find_page, unknown_layout
from hikari_serve.pictures.formats import ACCEPTED, recognise
from hikari_serve.pictures.missing import ends_empty, ends_grey, is_filled_up, is_whole
from hikari_serve.pictures.orientation import read_orientation, upright

# pillow-heif reads HEIC for Pillow, under the name of the container.
register_heif_opener()
_PILLOW_NAMES = {"HEIC": "HEIF"}
# Pillow's modes of 32-bit integer, float and LAB samples: it converts them without scaling.
_UNSCALED = ("I", "F", "LAB")
_GREY = ("1", "L", "LA")


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


@dataclass(frozen=True, slots=True)
class Opened:
    """A decoded picture.

    Attributes:
        image: Upright, RGB, without metadata.
        form: What its file is, such as `JPEG`.
        warnings: What of its file could not be read, and how it was taken instead.
    """

    image: Image.Image
    form: str
    warnings: tuple[str, ...] = ()


def open_image(data: bytes, limits: PictureLimits) -> Image.Image:
    """The picture of `read_image`; errors are the same."""
    return read_image(data, limits).image


def read_image(data: bytes, limits: PictureLimits) -> Opened:
    """Decodes a picture: upright, RGB, without metadata, transparency laid on white.

    Of an animation, the first picture is taken; of a file of several pages, the first at full
    resolution.

    Raises:
        TooLarge: The file has more than `limits.max_bytes`.
        EmptyImage: There are no bytes.
        UnsupportedImage: They are no picture, or one that is not read.
        TruncatedImage: The file is truncated or damaged in its pixels.
        TooManyPixels: Its header says more than `limits.max_pixels`.
        ImageTooSmall: A side is too short, or much shorter than the other.
    """
    if not data:
        raise EmptyImage(f"the picture is empty; send {ACCEPTED}")
    if len(data) > limits.max_bytes:
        raise TooLarge(
            f"the picture has {len(data) / 1e6:.1f} MB; at most {limits.max_bytes / 1e6:g} MB "
            "are accepted, so send it smaller"
        )
    name = recognise(data)
    if name == "JPEG":
        return _read_jpeg(data, limits)
    contents, number, inverted = Contents(data), 0, False
    if name == "PNG":
        contents = read_png(data)
    elif name == "TIFF":
        page = find_page(data)
        contents, number, inverted = Contents(page.data), page.number, page.inverted
    elif name in ("HEIC", "AVIF"):
        contents = read_heif(data)
    elif name == "BMP":
        check_bmp(data)
    elif name == "GIF":
        check_gif(data)
    image = _load(name, contents.data, limits, page=number)
    return _finish(name, image, contents, inverted=inverted)


def _read_jpeg(data: bytes, limits: PictureLimits) -> Opened:
    """Decodes a JPEG; one that lacks its end marker is a picture if all its pixels are there."""

    def decode(pixels: bytes) -> Image.Image:
        return _load("JPEG", pixels + END, limits)

    contents = read_jpeg(data)
    if contents.data.endswith(END):
        image = _load("JPEG", contents.data, limits)
        lacks = ends_grey(image, contents.scans) and not is_whole(
            contents.data.removesuffix(END), image, decode
        )
    else:
        pixels = contents.data.removesuffix(END[:1])
        image, contents = decode(pixels), replace(contents, warnings=(CUT,))
        lacks = not is_whole(pixels, image, decode) or is_filled_up(pixels, image, decode)
    if lacks:
        raise damaged("JPEG")
    return _finish("JPEG", image, contents)


def _load(name: str, data: bytes, limits: PictureLimits, page: int = 0) -> Image.Image:
    """The pixels as they are stored."""
    # Pillow's readers raise whatever a damaged file makes them stumble over (SyntaxError,
    # struct.error, EOFError, ...), so every exception means the same here.
    try:
        image = Image.open(BytesIO(data), formats=(_PILLOW_NAMES.get(name, name),))
        if page:
            image.seek(page)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many("more", limits) from error
    except Exception as error:
        raise (unknown_layout() if name == "TIFF" else damaged(name)) from error
    _check_size(image.size, limits)
    if image.mode in _UNSCALED:
        raise UnsupportedImage(
            f"samples of Pillow's mode {image.mode} are not supported; send 8 or 16 bits, RGB"
        )
    try:
        image.load()
        lacks = name == "PNG" and ends_empty(image) and not has_every_row(data)
    except Exception as error:
        raise damaged(name) from error
    if lacks:
        raise damaged(name)
    return image


def _finish(name: str, image: Image.Image, contents: Contents, *, inverted: bool = False) -> Opened:
    """Upright and in sRGB, by what stands around the pixels."""
    try:
        exif = contents.exif or image.info.get("exif")
        # of a JPEG whose profile lacks a part, Pillow has None
        profile = contents.profile or image.info.get("icc_profile", b"")
        if name == "TIFF":
            pixels, warnings = ImageOps.exif_transpose(image), contents.warnings
        else:
            orientation, warnings = _orientation(exif, contents.warnings)
            pixels = upright(image, orientation)
        found, understood = to_srgb(_eight_bits(pixels, inverted=inverted), profile)
        found.info = {}
        return Opened(found, name, warnings if understood else (*warnings, COLOURS))
    except BadImage:
        raise
    except Exception as error:
        raise damaged(name) from error


def _check_size(size: tuple[int, int], limits: PictureLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise _too_many(f"{width} x {height} pixels, more", limits)
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


def _too_many(found: str, limits: PictureLimits) -> TooManyPixels:
    most = f"{limits.max_pixels / 1e6:g} megapixels"
    return TooManyPixels(f"the picture has {found} than {most}; send it scaled down")


def _orientation(exif: bytes | None, warnings: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    if not exif or not exif.removeprefix(b"Exif\0\0"):
        return 1, warnings
    try:
        return read_orientation(exif), warnings
    except ValueError:
        return 1, (*warnings, EXIF)


def _eight_bits(image: Image.Image, *, inverted: bool) -> Image.Image:
    """The picture as its profile means it to be: RGB, CMYK or L, transparency laid on white."""
    if image.mode.startswith("I;16"):
        # Pillow would clip 16-bit samples at 255; 65535 / 257 = 255.
        samples = np.asarray(image).astype(np.uint32)
        samples = 65535 - samples if inverted else samples
        image = Image.fromarray(((samples + 128) // 257).astype(np.uint8))
    if image.has_transparency_data:
        grey = image.mode in _GREY
        mode = "LA" if grey else "RGBA"
        layer = image if image.mode == mode else image.convert(mode)
        image = Image.new("L" if grey else "RGB", layer.size, "white")
        image.paste(layer, mask=layer)
    elif image.mode not in ("RGB", "CMYK", "L"):
        image = image.convert("L" if image.mode in _GREY else "RGB")
    return image
