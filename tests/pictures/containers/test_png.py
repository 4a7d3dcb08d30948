"""PNG files with damage, and with colours, outside of their pixels."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from hikari_serve.errors import TruncatedImage, UnsupportedImage
from hikari_serve.pictures.containers import COLOURS, CUT, EXIF, METADATA
from hikari_serve.pictures.containers.png import SIGNATURE
from hikari_serve.pictures.decode import PictureLimits, open_image, read_image
from tests.pictures.files import chunk, encode, exif, photo, pixels

LIMITS = PictureLimits()
IMAGE = photo(64, 48)
PICTURE = encode(IMAGE, "PNG")


def dressed(*chunks: bytes) -> bytes:
    """The picture with chunks behind its header."""
    at = len(SIGNATURE) + 25
    return PICTURE[:at] + b"".join(chunks) + PICTURE[at:]


@pytest.mark.parametrize(
    ("extra", "warnings"),
    [
        (chunk(b"tEXt", b"Comment\0fine"), ()),
        (chunk(b"tEXt", b"Comment\0broken", checksum=1), (METADATA,)),
        (chunk(b"pHYs", b"\0\0"), ()),
        (chunk(b"iTXt", b"Comment\0\0\0\0\0" + b"x" * 2_000_000), ()),
        (chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000))), ()),
        (chunk(b"eXIf", b"garbage!"), (EXIF,)),
        (chunk(b"eXIf", b""), ()),
        (chunk(b"iCCP", b"name\0\0garbage"), (COLOURS,)),
        (chunk(b"cICP", b"\x01"), (COLOURS,)),
        (chunk(b"acTL", b"\0\0\0\1\0\0\0\0"), ()),
    ],
)
def test_what_is_wrong_around_the_pixels_costs_no_picture(
    extra: bytes, warnings: tuple[str, ...]
) -> None:
    opened = read_image(dressed(extra), LIMITS)
    assert opened.warnings == warnings
    assert np.array_equal(pixels(opened.image), pixels(IMAGE))


def test_a_missing_end_is_told() -> None:
    opened = read_image(PICTURE[:-12], LIMITS)
    assert opened.warnings == (CUT,)
    assert np.array_equal(pixels(opened.image), pixels(IMAGE))


@pytest.mark.parametrize("kind", [b"IDAT", b"IHDR"])
def test_damage_in_the_pixels_is_refused(kind: bytes) -> None:
    at = PICTURE.index(kind) + 10
    broken = PICTURE[:at] + bytes([PICTURE[at] ^ 1]) + PICTURE[at + 1 :]
    with pytest.raises(TruncatedImage):
        open_image(broken, LIMITS)


def taken_apart(data: bytes) -> tuple[bytes, bytes]:
    """What stands before the pixels, and the rows that they unpack to."""
    at = data.index(b"IDAT")
    (length,) = struct.unpack(">I", data[at - 4 : at])
    return data[: at - 4], zlib.decompress(data[at + 4 : at + 4 + length])


def lacking(head: bytes, rows: bytes) -> bytes:
    return head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("mode", ["1", "P", "L", "LA", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize("height", [48, 49])
def test_a_picture_that_lacks_rows_is_refused(mode: str, height: int) -> None:
    """Of sound chunks, as of a writer that was stopped; one that is black itself is read."""
    whole = encode(Image.new(mode, (61, height)), "PNG")
    assert read_image(whole, LIMITS).warnings == ()
    head, rows = taken_apart(whole)
    for kept in (1, height // 2, height - 1):
        with pytest.raises(TruncatedImage):
            open_image(lacking(head, rows[: len(rows) // height * kept]), LIMITS)


@pytest.mark.parametrize(("bands", "bits"), [(1, 1), (1, 8), (2, 8), (3, 8), (4, 8)])
@pytest.mark.parametrize("height", [48, 49])
def test_so_is_an_interlaced_one(bands: int, bits: int, height: int) -> None:
    black = pyvips.Image.new_from_array(np.zeros((height, 61, bands), np.uint8))
    whole = black.write_to_buffer(".png", interlace=True, bitdepth=bits)
    assert read_image(whole, LIMITS).warnings == ()
    head, rows = taken_apart(whole)
    of_last_pass = 1 + -(-61 * bits * bands // 8)
    with pytest.raises(TruncatedImage):
        open_image(lacking(head, rows[:-of_last_pass]), LIMITS)


@pytest.mark.parametrize("kind", [b"IDAT", b"tEXt", b"eXIf"])
def test_a_million_chunks_are_refused_at_once(kind: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="more than 20000 chunks; save it anew"):
        open_image(dressed(chunk(kind, b"") * 1_000_000), LIMITS)


def test_the_exif_chunk_turns_the_picture() -> None:
    tags = exif(6).tobytes().removeprefix(b"Exif\0\0")
    assert open_image(dressed(chunk(b"eXIf", tags)), LIMITS).size == (48, 64)


def by(profile: bytes) -> Image.Image:
    """The picture as the profile means it, by the same transform that profiles get."""
    return open_image(dressed(chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))), LIMITS)


def test_gamma_one_is_light() -> None:
    """A picture stored as light is shown brighter, by sRGB's own curve."""
    found = pixels(open_image(dressed(chunk(b"gAMA", struct.pack(">I", 100_000))), LIMITS)) / 255
    light = np.asarray(IMAGE) / 255
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(found - curve).max() < 0.03
    assert found.mean() > light.mean() + 0.1


def test_the_gamma_of_srgb_changes_nothing() -> None:
    data = dressed(chunk(b"gAMA", struct.pack(">I", 45455)))
    assert np.array_equal(pixels(open_image(data, LIMITS)), pixels(IMAGE))


def test_display_p3_by_its_code_is_display_p3_by_its_profile() -> None:
    """Against the matrix and curve of the profile, worked out by hand."""
    found = pixels(open_image(dressed(chunk(b"cICP", bytes([12, 13, 0, 1]))), LIMITS)) / 255
    stored = np.asarray(IMAGE) / 255
    light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    to_srgb = np.array(
        [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]
    )  # CSS Color 4, section 10
    linear = np.clip(light @ to_srgb.T, 0, 1)
    wanted = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(found - wanted).max() < 0.025


def test_the_code_of_srgb_changes_nothing_and_outdoes_a_profile() -> None:
    grey = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(grey))
    opened = read_image(dressed(chunk(b"cICP", bytes([1, 13, 0, 1])), profile), LIMITS)
    assert np.array_equal(pixels(opened.image), pixels(IMAGE))
    assert opened.warnings == ()


@pytest.mark.parametrize(("code", "name"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused_by_name(code: int, name: str) -> None:
    with pytest.raises(UnsupportedImage, match=rf"high dynamic range \({name}\)"):
        open_image(dressed(chunk(b"cICP", bytes([9, code, 0, 1]))), LIMITS)


def test_a_profile_called_srgb_counts_by_what_it_does() -> None:
    """As GIMP's "sRGB-elle-V2-g10" does: sRGB's primaries, stored as light."""
    from hikari_serve.pictures.containers.profiles import SRGB, matrix_profile

    linear = matrix_profile(SRGB, lambda x: x)
    named = linear[:48] + b"sRGB" + linear[52:]
    ImageCms.ImageCmsProfile(BytesIO(named))
    assert pixels(by(named)).mean() > pixels(IMAGE).mean() + 25
    same = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(pixels(by(same)), pixels(IMAGE))
