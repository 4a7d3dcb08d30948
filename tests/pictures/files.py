"""Picture files of every kind that is read, small enough to be tried by the thousand."""

import struct
import zlib
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from pillow_heif import register_heif_opener

register_heif_opener()  # Pillow writes HEIC with it


def picture(width: int = 64, height: int = 48) -> Image.Image:
    """Four colours, one a quarter, so that every orientation looks different."""
    image = Image.new("RGB", (width, height), (200, 150, 130))
    image.paste((120, 40, 40), (0, 0, width // 2, height // 2))
    image.paste((40, 90, 160), (width // 2, 0, width, height // 2))
    image.paste((30, 120, 60), (0, height // 2, width // 2, height))
    return image


def photo(width: int, height: int) -> Image.Image:
    """Smooth noise: neither flat nor incompressible."""
    coarse = np.random.default_rng(7).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010F] = "A camera"
    return tags


def chunk(kind: bytes, body: bytes, checksum: int | None = None) -> bytes:
    """A chunk of a PNG, with its right checksum if none is given."""
    right = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum or right)


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


FILES = {
    "JPEG": encode(picture(), "JPEG", quality=95),
    "progressive JPEG": encode(picture(), "JPEG", quality=95, progressive=True),
    "grey JPEG": encode(picture().convert("L"), "JPEG"),
    "CMYK JPEG": encode(picture().convert("CMYK"), "JPEG"),
    "JPEG of two pictures": encode(picture(), "MPO", save_all=True, append_images=[picture()]),
    "PNG": encode(picture(), "PNG"),
    "palette PNG": encode(picture().quantize(8), "PNG"),
    "RGBA PNG": encode(picture().convert("RGBA"), "PNG"),
    "lossy WebP": encode(picture(), "WEBP"),
    "lossless WebP": encode(picture(), "WEBP", lossless=True),
    "moving WebP": encode(picture(), "WEBP", save_all=True, append_images=[photo(64, 48)]),
    "BMP": encode(picture(), "BMP"),
    "palette BMP": encode(picture().quantize(8), "BMP"),
    "TIFF": encode(picture(), "TIFF"),
    "LZW TIFF": encode(picture(), "TIFF", compression="tiff_lzw"),
    "deflated TIFF": encode(picture(), "TIFF", compression="tiff_adobe_deflate"),
    "GIF": encode(picture(), "GIF"),
    "HEIC": encode(picture(), "HEIF", quality=95),
    "AVIF": encode(picture(), "AVIF", quality=95),
    "HEIC with alpha": encode(picture().convert("RGBA"), "HEIF", quality=95),
    "moving GIF": encode(picture(), "GIF", save_all=True, append_images=[photo(64, 48)]),
}


def pixels(image: Image.Image) -> np.ndarray[Any, np.dtype[np.int16]]:
    return np.asarray(image).astype(np.int16)
