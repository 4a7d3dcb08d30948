"""Pictures of every format that is read, in the depths, layouts, turns and colours that it has.

libvips writes them where it can, so that what is read was not written by the same library; Pillow
writes the rest, and TIFF files that neither writes are put together here.
"""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pyvips
from PIL import Image

from tests.pictures.files import chunk, encode
from tests.pictures.sample import HEIGHT, WIDTH, Sample, scene
from tests.pictures.test_colour import P3, SRGB, matrix_profile
from tests.pictures.unread import unread

TURNS = range(1, 9)


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
NO_HEVC = "this build of libvips has no HEVC"
PLANES = "a TIFF file of 16 bits with a plane for each colour is not supported"
SAMPLES = "a TIFF file of {} is not supported; send unsigned samples of 8 or 16 bits, RGB"
NOT_READ = (
    ("char", "signed, 8 bits", "signed samples"),
    ("short", "signed, 16 bits", "signed samples"),
    ("int", "signed, 32 bits", "signed samples"),
    ("uint", "32 bits", "samples of 32 bits"),
    ("float", "floating point, 32 bits", "floating-point samples"),
    ("double", "floating point, 64 bits", "floating-point samples"),
)
"""Kinds of samples: by libvips' name, in the table, and in the refusal."""
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
    for bands in (1, 3):
        deep = written(vips(bands, 16), ".png")
        keyed = deep[:33] + chunk(b"tRNS", b"\x12\x34" * bands) + deep[33:]
        named = f"{BANDS[bands]}, 16 bits, a transparent colour"
        yield Sample("PNG", named, keyed, refused="of 16 bits with a transparent colour")
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
    for kind, name, what in NOT_READ:
        for bands in (1, 3):
            data = written(vips(bands).cast(kind), ".tif")
            yield Sample("TIFF", f"{BANDS[bands]}, {name}", data, refused=SAMPLES.format(what))
    for space, bits in (("lab", 32), ("labs", 16)):
        data = written(vips(3).colourspace(space), ".tif")
        yield Sample("TIFF", f"LAB, {bits} bits", data, refused="is not supported; send unsigned")
    yield Sample("TIFF", "grey with alpha, 8 bits", written(vips(2), ".tif"), step=1)
    odd = written(vips(2, 16), ".tif")
    yield Sample("TIFF", "grey with alpha, 16 bits", odd, refused="laid out in a way that is not")
    packed = written(vips(3), ".tif", compression="webp")
    yield Sample("TIFF", "RGB, 8 bits, WebP", packed, refused="compression 50001 is not supported")
    lzma = encode(Image.fromarray(scene()), "TIFF", compression="lzma")
    yield Sample("TIFF", "RGB, 8 bits, LZMA", lzma, 0, plain(), "this build of libvips has no LZMA")
    runs = encode(Image.fromarray(scene()).convert("1"), "TIFF", compression="tiff_raw_16")
    yield Sample("TIFF", "grey, 1 bit, runs in words", runs, refused="compression 32771 is not")
    for bits in (10, 12, 14):
        yield Sample(
            "TIFF", f"grey, {bits} bits", deep_tiff(bits), refused=f"samples of {bits} bits"
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
    branded = written(vips(3), ".avif", lossless=True, subsample_mode="off")
    yield Sample("AVIF", "brand mif1", branded[:8] + b"mif1" + branded[12:], step=3)
    for mode in ("L", "RGB"):
        own = image.convert(mode)
        data, meant = encode(own, "HEIF", quality=-1), encode(own.convert("RGB"), "PNG")
        step = 10 if mode == "RGB" else 2  # it was saved with half of the chroma
        yield Sample("HEIC", NAMES[mode], data, step, meant, NO_HEVC)
    for form, name in (("AVIF", "AVIF"), ("HEIC", "HEIF")):
        data = encode(image, name, quality=100, subsampling="4:4:4", chroma=444)
        stored = np.asarray(Image.open(BytesIO(data)))
        named = profiled(pyvips.Image.new_from_array(stored), PROFILES["Display P3"])
        meant = written(named.copy(interpretation="srgb"), ".png")
        why = "libvips reads no nclx" if form == "AVIF" else NO_HEVC
        yield Sample(form, "RGB in Display P3 by nclx", coded(data, 12, 13), 3, meant, why)
        hdr = "of high dynamic range (PQ)"
        yield Sample(form, "high dynamic range by nclx", coded(data, 9, 16), refused=hdr)
    yield from turned("AVIF", 3, quality=100, subsampling="4:4:4")
    for orientation in TURNS:
        exif = Image.Exif()
        exif[0x0112] = orientation
        image.info["exif"] = exif.tobytes()  # of which pillow-heif makes irot and imir
        data = encode(image, "HEIF", quality=-1, chroma=444)
        meant = encode(image, "PNG", exif=exif)
        yield Sample("HEIC", f"orientation {orientation}", data, 3, meant, NO_HEVC)


def coded(data: bytes, primaries: int, transfer: int) -> bytes:
    """A HEIC or AVIF file with other codes of its colours (ISO/IEC 23008-12, 12.1.5)."""
    at = data.index(b"nclx") + 4
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


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


def deep_tiff(bits: int) -> bytes:
    """A grey TIFF file of a microscope's depth, its samples packed without gaps."""
    values = (scene(1)[..., 0].astype(np.uint16) << (bits - 8))[..., None]
    rows = np.unpackbits(values.astype(">u2").view(np.uint8), axis=-1).reshape(HEIGHT, WIDTH, 16)
    body = np.packbits(rows[..., 16 - bits :].reshape(HEIGHT, -1), axis=1).tobytes()
    file = raw_tiff("<", 8, 1, white=False, separate=False)
    head = file[: -HEIGHT * WIDTH]
    depth = struct.pack("<HHIHH", 258, 3, 1, 8, 0)
    size = struct.pack("<HHI", 279, 4, 1)
    head = head.replace(depth, struct.pack("<HHIHH", 258, 3, 1, bits, 0))
    return (
        head.replace(size + struct.pack("<I", HEIGHT * WIDTH), size + struct.pack("<I", len(body)))
        + body
    )


def samples() -> list[Sample]:
    """The whole matrix."""
    return [*jpeg(), *png(), *webp(), *tiff(), *others(), *unread()]
