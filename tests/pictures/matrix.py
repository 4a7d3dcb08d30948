"""Pictures of every format that is read, in the depths, layouts, turns and colours that it has.

libvips writes them where it can, so that what is read was not written by the same library; Pillow
writes the rest, and TIFF files that neither writes are put together here.
"""

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image

from hikari_serve.pictures.formats import REFUSED
from tests.pictures.containers.test_png import chunk
from tests.pictures.files import encode
from tests.pictures.test_colour import P3, SRGB, matrix_profile

WIDTH, HEIGHT = 96, 64
TURNS = range(1, 9)


class Sample(NamedTuple):
    """A file of the matrix.

    Attributes:
        form: Its format.
        layout: How it is laid out.
        data: The file.
        step: How far, of 255, libvips may be from us in any pixel.
        meant: A file that libvips reads as this one is meant, where it does not read this one so.
        why: Why it does not.
        refused: What the refusal says, where it is not read at all.
    """

    form: str
    layout: str
    data: bytes
    step: int = 0
    meant: bytes | None = None
    why: str = ""
    refused: str = ""


@cache
def scene(bands: int = 3) -> NDArray[np.uint8]:
    """Smooth colours with an edge, like nothing of itself when turned: uint8 [64, 96, bands]."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    red = 60 + x * 1.6
    green = 40 + y * 2 + (x > 30) * 20
    blue = 200 - x - y
    alpha = np.where(y > 40, 255, 100 + x)
    whole = np.stack([red, green, blue, alpha], axis=-1).clip(0, 255).astype(np.uint8)
    return whole[..., :bands]


def vips(bands: int, bits: int = 8) -> pyvips.Image:
    """The scene as libvips has it."""
    samples = scene(bands)
    if bands == 2:
        samples = scene(4)[..., [0, 3]]
    if bits == 16:
        image = pyvips.Image.new_from_array(samples.astype(np.uint16) * 257)
        return image.copy(interpretation="grey16" if bands < 3 else "rgb16")
    image = pyvips.Image.new_from_array(samples)
    return image.copy(interpretation="b-w" if bands < 3 else "srgb")


def plain() -> bytes:
    """The scene as libvips certainly reads it."""
    return written(vips(3), ".png")


def written(image: pyvips.Image, ending: str, **options: Any) -> bytes:
    data: bytes = image.write_to_buffer(ending, **options)
    return data


def profiled(image: pyvips.Image, profile: bytes) -> pyvips.Image:
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image


PROFILES = {
    "sRGB": pyvips.Image.profile_load("srgb"),
    "Display P3": pyvips.Image.profile_load("p3"),
    "P3 primaries, gamma 1.8": matrix_profile(P3, 1.8),
}
NAMES = {"1": "1 bit", "L": "grey", "P": "palette", "RGB": "RGB"}
PRESS = "without a profile libvips takes CMYK for a press's, and we for the complement of RGB"
PLANES = "a TIFF file of 16 bits with a plane for each colour is not supported"
DEEP = "32-bit and LAB samples are not supported; send 8 or 16 bits a channel, RGB"
BANDS = {1: "grey", 2: "grey with alpha", 3: "RGB", 4: "RGB with alpha"}


def png() -> Iterator[Sample]:
    for bands, name in BANDS.items():
        for bits in (8, 16):
            for interlace in (False, True):
                layout = f"{name}, {bits} bits" + (", interlaced" if interlace else "")
                data = written(vips(bands, bits), ".png", interlace=interlace)
                yield Sample("PNG", layout, data, step=1 if bits == 16 or bands in (2, 4) else 0)
    for bits in (1, 2, 4):
        yield Sample("PNG", f"grey, {bits} bit", written(vips(1), ".png", bitdepth=bits))
        palette = written(vips(3), ".png", palette=True, bitdepth=bits)
        yield Sample("PNG", f"palette, {bits} bit", palette)
    yield Sample("PNG", "palette, 8 bits", written(vips(3), ".png", palette=True))
    yield Sample("PNG", "palette with alpha", written(vips(4), ".png", palette=True), step=1)
    for gamma in (1.0, 1.8):
        data = written(vips(3), ".png")
        chunks = data[:33] + chunk(b"gAMA", round(100_000 / gamma).to_bytes(4)) + data[33:]
        meant = written(profiled(vips(3), matrix_profile(SRGB, gamma)), ".png")
        yield Sample("PNG", f"RGB, gAMA of {gamma}", chunks, 2, meant, "libvips reads no gAMA")
    p3 = data[:33] + chunk(b"cICP", bytes((12, 13, 0, 1))) + data[33:]
    meant = written(profiled(vips(3), PROFILES["Display P3"]), ".png")
    yield Sample("PNG", "RGB in Display P3 by cICP", p3, 3, meant, "libvips reads no cICP")
    pq = data[:33] + chunk(b"cICP", bytes((9, 16, 0, 1))) + data[33:]
    yield Sample("PNG", "high dynamic range by cICP", pq, refused="of high dynamic range (PQ)")
    yield from in_colours("PNG", ".png", 2)
    yield from turned("PNG", 0)


def jpeg() -> Iterator[Sample]:
    for bands in (1, 3):
        for chroma in ("on", "off") if bands == 3 else ("off",):
            for interlace in (False, True):
                layout = BANDS[bands] + (", 4:2:0" if chroma == "on" else "")
                layout += ", progressive" if interlace else ""
                data = written(
                    vips(bands), ".jpg", Q=90, interlace=interlace, subsample_mode=chroma
                )
                yield Sample("JPEG", layout, data, step=3)
    cmyk = encode(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=95, subsampling=0)
    yield Sample("JPEG", "CMYK", cmyk, 4, plain(), PRESS)
    press = vips(3).icc_transform("cmyk", input_profile="srgb")
    yield Sample("JPEG", "CMYK in a press's profile", written(press, ".jpg", Q=95), step=6)
    yield from in_colours("JPEG", ".jpg", 4)
    yield from turned("JPEG", 3)


def webp() -> Iterator[Sample]:
    for bands in (3, 4):
        for lossless in (False, True):
            layout = f"{BANDS[bands]}, {'lossless' if lossless else 'lossy'}"
            step = (1 if bands == 4 else 0) if lossless else 3
            yield Sample("WebP", layout, written(vips(bands), ".webp", lossless=lossless), step)
    frames = [Image.fromarray(scene()), Image.new("RGB", (WIDTH, HEIGHT))]
    animated = encode(frames[0], "WEBP", lossless=True, save_all=True, append_images=frames[1:])
    yield Sample("WebP", "animated", animated)
    yield from in_colours("WebP", ".webp", 3, lossless=True)
    yield from turned("WebP", 0, lossless=True)


def tiff() -> Iterator[Sample]:
    for compression in ("none", "lzw", "deflate", "packbits"):
        for bands in (1, 3, 4):
            for bits in (8, 16):
                for tile in (False, True):
                    layout = f"{BANDS[bands]}, {bits} bits"
                    layout += f", {compression}" if compression != "none" else ""
                    data = written(vips(bands, bits), ".tif", compression=compression, tile=tile)
                    step = 1 if bits == 16 or bands == 4 else 0
                    yield Sample("TIFF", layout + (", tiled" if tile else ""), data, step)
    yield Sample("TIFF", "RGB, 8 bits, JPEG", written(vips(3), ".tif", compression="jpeg"), step=3)
    zstd = encode(Image.fromarray(scene()), "TIFF", compression="zstd")
    why = "this build of libvips has no zstd"
    yield Sample("TIFF", "RGB, 8 bits, zstd", zstd, 0, plain(), why)
    unpredicted = written(vips(3, 16), ".tif", compression="lzw", predictor="none")
    yield Sample("TIFF", "RGB, 16 bits, lzw without predictor", unpredicted, step=1)
    for bits in (1, 2, 4):
        yield Sample("TIFF", f"grey, {bits} bit", written(vips(1), ".tif", bitdepth=bits))
    yield Sample(
        "TIFF", "grey, 1 bit, fax 4", written(vips(1), ".tif", bitdepth=1, compression="ccittfax4")
    )
    yield Sample("TIFF", "white is 0, 8 bits", written(vips(1), ".tif", miniswhite=True))
    yield Sample("TIFF", "BigTIFF", written(vips(3), ".tif", bigtiff=True))
    yield Sample(
        "TIFF",
        "pyramid",
        written(vips(3), ".tif", pyramid=True, tile=True, tile_width=16, tile_height=16),
    )
    yield Sample("TIFF", "palette", encode(Image.fromarray(scene()).quantize(64), "TIFF"))
    for order in "<>":
        for bits in (8, 16):
            for white in (False, True):
                for planes in (1, 3):
                    if white and planes == 3:
                        continue
                    for separate in (False, True) if planes == 3 else (False,):
                        layout = f"{'grey' if planes == 1 else 'RGB'}, {bits} bits"
                        layout += ", white is 0" if white else ""
                        layout += ", a plane a colour" if separate else ""
                        layout += ", little endian" if order == "<" else ", big endian"
                        data = raw_tiff(order, bits, planes, white=white, separate=separate)
                        refused = PLANES if separate and bits == 16 else ""
                        step = 1 if bits == 16 else 0
                        yield Sample("TIFF", layout, data, step, refused=refused)
    for kind in ("float", "uint", "double"):
        layout = f"RGB, {kind} of {64 if kind == 'double' else 32} bits"
        yield Sample("TIFF", layout, written(vips(3).cast(kind), ".tif"), refused=DEEP)
        layout = layout.replace("RGB", "grey")
        yield Sample("TIFF", layout, written(vips(1).cast(kind), ".tif"), refused=DEEP)
    for bits in (8, 16):
        lab = vips(3).colourspace("lab" if bits == 8 else "labs")
        yield Sample(
            "TIFF", f"LAB, {32 if bits == 8 else 16} bits", written(lab, ".tif"), refused=DEEP
        )
    cmyk = encode(Image.fromarray(scene()).convert("CMYK"), "TIFF")
    yield Sample("TIFF", "CMYK", cmyk, 1, plain(), PRESS)
    yield from in_colours("TIFF", ".tif", 2)
    yield from turned("TIFF", 0)


def others() -> Iterator[Sample]:
    image = Image.fromarray(scene())
    yield Sample("GIF", "palette", encode(image.quantize(64), "GIF"))
    frames = [image.quantize(64), Image.new("P", (WIDTH, HEIGHT))]
    yield Sample(
        "GIF", "animated", encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    )
    for mode in ("1", "L", "P", "RGB"):
        own = image.convert(mode)
        meant = encode(own.convert("RGB"), "PNG")
        yield Sample("BMP", NAMES[mode], encode(own, "BMP"), 0, meant, "libvips reads no BMP")
    for bits in (8, 10, 12):
        data = written(vips(3), ".avif", lossless=True, bitdepth=bits, subsample_mode="off")
        yield Sample("AVIF", f"RGB, {bits} bits", data, step=3)
    yield Sample("AVIF", "RGB with alpha", written(vips(4), ".avif", lossless=True), step=3)
    yield Sample("AVIF", "4:2:0", written(vips(3), ".avif", Q=90, subsample_mode="on"), step=6)
    for mode in ("L", "RGB"):
        own = image.convert(mode)
        data, meant = encode(own, "HEIF", quality=-1), encode(own.convert("RGB"), "PNG")
        step = 10 if mode == "RGB" else 2  # it was saved with half of the chroma
        yield Sample("HEIC", NAMES[mode], data, step, meant, "this build of libvips has no HEVC")


def refused() -> Iterator[Sample]:
    """The beginnings of what is refused by its name."""
    for name, (offset, beginnings) in REFUSED.items():
        for beginning in beginnings:
            data = bytes(offset) + beginning + bytes(2000)
            yield Sample(name, "", data, refused=f"{name} is not supported; send a JPEG, PNG")
    for brand, name in ((b"crx ", "Canon raw (CR3)"), (b"isom", "video (MP4, QuickTime)")):
        data = b"\0\0\0\x14ftyp" + brand + b"\0\0\0\0" + brand + bytes(2000)
        yield Sample(name, "", data, refused=f"{name} is not supported; send a JPEG, PNG")


def in_colours(form: str, ending: str, step: int, **options: Any) -> Iterator[Sample]:
    for name, profile in PROFILES.items():
        data = written(profiled(vips(3), profile), ending, **options)
        yield Sample(form, f"RGB in {name}", data, step)


def turned(form: str, step: int, **options: Any) -> Iterator[Sample]:
    for orientation in TURNS:
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encode(Image.fromarray(scene()), form.upper(), exif=exif, **options)
        yield Sample(form, f"orientation {orientation}", data, step)


def raw_tiff(order: str, bits: int, planes: int, *, white: bool, separate: bool) -> bytes:
    """A TIFF file of one strip for each plane, or of one for all."""
    samples = scene(planes).astype(np.uint16) * (257 if bits == 16 else 1)
    top = 2**bits - 1
    samples = top - samples if white else samples
    pixels = samples.transpose(2, 0, 1) if separate else samples
    body = np.ascontiguousarray(pixels).astype(f"{order}u{bits // 8}").tobytes()
    strips = planes if separate else 1
    length = len(body) // strips
    start = 8 + 2 + 12 * 11 + 4
    extra = start + 8 * strips
    fields = [
        (256, 4, 1, WIDTH), (257, 4, 1, HEIGHT), (258, 3, planes, bits), (259, 3, 1, 1),
        (262, 3, 1, 2 if planes == 3 else 0 if white else 1), (273, 4, strips, start),
        (277, 3, 1, planes), (278, 4, 1, HEIGHT), (279, 4, strips, start + 4 * strips),
        (284, 3, 1, 2 if separate else 1), (305, 2, 1, 0),
    ]  # fmt: skip
    pixels_at = extra + 8
    if planes == 3:
        fields[2] = (258, 3, 3, extra)
    if strips == 1:
        fields[5], fields[8] = (273, 4, 1, pixels_at), (279, 4, 1, length)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, len(fields))
    for tag, kind, count, value in fields:
        inline = kind == 3 and count == 1
        head += struct.pack(order + "HHI", tag, kind, count)
        head += struct.pack(
            order + ("HH" if inline else "I"), *((value, 0) if inline else (value,))
        )
    head += struct.pack(order + "I", 0)
    places = [pixels_at + at * length for at in range(strips)]
    head += struct.pack(f"{order}{strips}I", *places) + struct.pack(
        f"{order}{strips}I", *[length] * strips
    )
    head += struct.pack(order + "3Hxx", bits, bits, bits)
    return head + body


def samples() -> list[Sample]:
    """The whole matrix."""
    return [*jpeg(), *png(), *webp(), *tiff(), *others(), *refused()]
