"""Files of the formats that are refused by name, written by their own encoders or byte by byte."""

import struct
from collections.abc import Iterator

import imagecodecs
import numpy as np

from hikari_serve.pictures.formats import REFUSED
from tests.pictures.sample import HEIGHT, WIDTH, Sample, scene

SEND = "is not supported; send a JPEG, PNG"
EIGHT = "is not supported; send a JPEG of 8 bits a channel"
BRANDS = {
    b"isom": "video (MP4, QuickTime)",
    b"mp42": "video (MP4, QuickTime)",
    b"qt  ": "video (MP4, QuickTime)",
    b"3gp5": "video (MP4, QuickTime)",
    b"crx ": "Canon raw (CR3)",
    b"avci": "HEIF of H.264",
    b"vvic": "HEIF of H.266",
    b"j2ki": "HEIF of JPEG 2000",
}
"""What a file of boxes is by its major brand."""


def unread() -> Iterator[Sample]:
    """All of them."""
    yield from jpeg()
    yield from modern()
    yield from dicom()
    yield from photoshop()
    yield from boxes()
    for name, (offset, beginnings) in REFUSED.items():
        for beginning in beginnings:
            data = bytes(offset) + beginning + bytes(2000)
            yield Sample(name, "", data, refused=f"{name} {SEND}")


def jpeg() -> Iterator[Sample]:
    """What is called JPEG and is none of 8 bits."""
    twelve = scene().astype(np.uint16) << 4
    for bands, name in ((1, "grey"), (3, "RGB")):
        samples = np.ascontiguousarray(scene(bands).squeeze())
        deep = np.ascontiguousarray(twelve[..., :bands].squeeze())
        files = {
            f"JPEG-LS, {name}, 8 bits": imagecodecs.jpegls_encode(samples),
            f"JPEG-LS, {name}, 12 bits": imagecodecs.jpegls_encode(deep),
            f"12 bits, {name}": imagecodecs.jpeg_encode(deep, bitspersample=12),
            f"lossless, {name}, 8 bits": imagecodecs.jpeg_encode(samples, lossless=True),
            f"lossless, {name}, 16 bits": imagecodecs.jpeg_encode(
                deep, lossless=True, bitspersample=16
            ),
        }
        for layout, data in files.items():
            kind = layout.partition(",")[0]
            said = {"JPEG-LS": kind, "12 bits": "JPEG of 12 bits a channel"}.get(
                kind, "lossless JPEG"
            )
            yield Sample("JPEG", layout, bytes(data), refused=f"{said} {EIGHT}")


def modern() -> Iterator[Sample]:
    """Formats that few browsers show."""
    samples = np.ascontiguousarray(scene())
    files = {
        ("JPEG XL", "bare"): imagecodecs.jpegxl_encode(samples),
        ("JPEG XL", "in boxes"): imagecodecs.jpegxl_encode(samples, usecontainer=True),
        ("JPEG 2000", "bare"): imagecodecs.jpeg2k_encode(samples, codecformat="j2k"),
        ("JPEG 2000", "in boxes"): imagecodecs.jpeg2k_encode(samples, codecformat="jp2"),
        ("JPEG XR", "RGB"): imagecodecs.jpegxr_encode(samples),
        ("QOI", "RGB"): imagecodecs.qoi_encode(samples),
    }
    for (form, layout), data in files.items():
        yield Sample(form, layout, bytes(data), refused=f"{form} {SEND}")


def dicom() -> Iterator[Sample]:
    """A grey picture in the ways in which DICOM stores elements (PS3.5, PS3.10)."""
    for layout, order, explicit in (
        ("explicit, little endian", "<", True),
        ("implicit, little endian", "<", False),
        ("explicit, big endian", ">", True),
    ):
        bare = data_set(order, explicit=explicit)
        for name, data in (
            (f"{layout}, no preamble", bare),
            (f"{layout}, preamble", bytes(128) + b"DICM" + bare),
        ):
            yield Sample("DICOM", name, data, refused=f"DICOM {SEND}")


def data_set(order: str, *, explicit: bool) -> bytes:
    """The elements of a grey picture of 8 bits."""
    numbers = {0x0002: 1, 0x0010: HEIGHT, 0x0011: WIDTH, 0x0100: 8, 0x0101: 8, 0x0102: 7, 0x0103: 0}
    elements = [(0x0008, 0x0060, b"CS", b"OT")]
    elements += [
        (0x0028, element, b"US", struct.pack(order + "H", value))
        for element, value in numbers.items()
    ]
    elements.append((0x7FE0, 0x0010, b"OW", scene(1).tobytes()))
    data = b""
    for group, element, kind, value in elements:
        data += struct.pack(order + "HH", group, element)
        if not explicit:
            data += struct.pack(order + "I", len(value))
        elif kind == b"OW":
            data += kind + bytes(2) + struct.pack(order + "I", len(value))
        else:
            data += kind + struct.pack(order + "H", len(value))
        data += value
    return data


def photoshop() -> Iterator[Sample]:
    """The scene as Photoshop stores it flat, in files and in large ones."""
    planes = np.ascontiguousarray(scene().transpose(2, 0, 1)).tobytes()
    for version, name in ((1, "PSD"), (2, "PSB")):
        head = struct.pack(">4sH6xHIIHH", b"8BPS", version, 3, HEIGHT, WIDTH, 8, 3)
        empty = bytes(4 + 4 + (4 if version == 1 else 8))  # no palette, resources, layers
        data = head + empty + struct.pack(">H", 0) + planes
        yield Sample("Photoshop (PSD)", name, data, refused=f"Photoshop (PSD) {SEND}")


def boxes() -> Iterator[Sample]:
    """Files of ISO's base media format, by their brands or, older than those, by a box."""
    for brand, name in BRANDS.items():
        others = brand + b"mif1" if name.startswith("HEIF") else brand
        data = box(b"ftyp", brand + bytes(4) + others) + box(b"mdat", bytes(2000))
        yield Sample(name, f"brand {brand.decode().strip()}", data, refused=f"{name} {SEND}")
    for first in (b"moov", b"mdat", b"wide"):
        data = box(first, b"") + box(b"mdat", bytes(2000))
        name = "video (QuickTime)"
        yield Sample(name, f"box {first.decode()}", data, refused=f"{name} {SEND}")


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body
