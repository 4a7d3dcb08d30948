"""Pictures of every kind in; upright RGB pixels, or an error that says what to send instead."""

import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hikari_serve.errors import BadImage, TooLarge
from hikari_serve.pictures.decode import PictureLimits, open_image
from tests.pictures.files import FILES, encode, photo, picture, pixels, png_header

LIMITS = PictureLimits()


class TestOpening:
    @pytest.mark.parametrize("kind", FILES)
    def test_every_format_becomes_plain_rgb(self, kind: str) -> None:
        image = open_image(FILES[kind], LIMITS)
        assert (image.mode, image.size, image.info) == ("RGB", (64, 48), {})
        assert not image.getexif()
        expected = picture().convert("L").convert("RGB") if kind == "grey JPEG" else picture()
        assert np.abs(pixels(image) - pixels(expected)).mean() < 4

    def test_transparency_is_laid_on_white(self) -> None:
        layer = Image.new("RGBA", (40, 20), (200, 0, 0, 255))
        layer.paste((200, 0, 0, 0), (0, 0, 20, 20))
        layer.paste((200, 0, 0, 51), (30, 0, 40, 20))
        for data in (
            encode(layer, "PNG"),
            encode(layer, "TIFF"),
            encode(layer, "WEBP", exact=True, lossless=True),
        ):
            image = open_image(data, LIMITS)
            assert [image.getpixel((x, 5)) for x in (5, 25, 35)] == [
                (255, 255, 255),
                (200, 0, 0),
                (244, 204, 204),
            ]

    @pytest.mark.parametrize("mode", ["L", "P", "RGB", "1"])
    def test_transparent_colour_becomes_white(self, mode: str) -> None:
        black = Image.new(mode, (20, 20), 0)
        colour: Any = (0, 0, 0) if mode == "RGB" else 0
        image = open_image(encode(black, "PNG", transparency=colour), LIMITS)
        assert image.getpixel((3, 3)) == (255, 255, 255)

    def test_grey_with_alpha(self) -> None:
        image = open_image(encode(Image.new("LA", (20, 20), (100, 255)), "PNG"), LIMITS)
        assert image.getpixel((3, 3)) == (100, 100, 100)

    @pytest.mark.parametrize("format", ["PNG", "TIFF"])
    def test_sixteen_bits_are_scaled_not_clipped(self, format: str) -> None:
        ramp = np.linspace(0, 65535, 256).round().astype(np.uint16)
        image = open_image(encode(Image.fromarray(np.tile(ramp, (16, 1))), format), LIMITS)
        assert np.array_equal(np.asarray(image)[0, :, 0], np.arange(256))

    def test_big_endian_sixteen_bits(self) -> None:
        samples = np.full((20, 20), 0x8000, dtype=">u2")
        data = encode(Image.frombytes("I;16B", (20, 20), samples.tobytes()), "TIFF")
        assert open_image(data, LIMITS).getpixel((3, 3)) == (128, 128, 128)

    def test_motion_photo_is_read(self) -> None:
        trailer = random.Random(3).randbytes(500_000)
        assert open_image(FILES["JPEG"] + trailer, LIMITS).size == (64, 48)


class TestRefusing:
    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "empty; send a JPEG, PNG"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "the HEIC file is truncated or damaged"),
            (b"\0\0\0\x1cftypavif\0\0\0\0", "the AVIF file is truncated or damaged"),
            (b"BMI, and other numbers", "the BMP file is truncated or damaged"),
            (encode(picture().convert("F"), "TIFF"), "a TIFF file of floating-point samples"),
            (encode(picture(15, 300), "PNG"), "15 x 300 pixels; each side must have at least 16"),
            (png_header(9000, 6000), "9000 x 6000 pixels, more than 50 megapixels"),
            (png_header(30000, 30000), "more than 50 megapixels; send it scaled down"),
        ],
    )
    def test_message_says_what_is_wrong(self, data: bytes, message: str) -> None:
        with pytest.raises(BadImage, match=message):
            open_image(data, LIMITS)

    @pytest.mark.filterwarnings("default")
    def test_pillow_warning_of_large_pictures_changes_nothing(self) -> None:
        with (
            pytest.warns(Image.DecompressionBombWarning),
            pytest.raises(BadImage, match="10000 x 10000 pixels, more than 50 megapixels"),
        ):
            open_image(png_header(10_000, 10_000), LIMITS)

    def test_pillow_warning_as_error(self) -> None:
        with pytest.raises(BadImage, match="more than 50 megapixels"):
            open_image(png_header(10_000, 10_000), LIMITS)

    def test_too_many_bytes(self) -> None:
        with pytest.raises(TooLarge, match=r"has 0.5 MB; at most 0.25 MB are accepted"):
            open_image(bytes(500_000), PictureLimits(max_bytes=250_000))

    def test_the_limits_themselves_are_allowed(self) -> None:
        data = FILES["PNG"]
        exact = PictureLimits(max_bytes=len(data), max_pixels=64 * 48, min_side=48, max_aspect=2)
        assert open_image(data, exact).size == (64, 48)
        for name, value in (
            ("max_aspect", -1),
            ("max_bytes", -1),
            ("max_pixels", -1),
            ("min_side", 1),
        ):
            tighter = exact.model_copy(update={name: getattr(exact, name) + value})
            with pytest.raises((BadImage, TooLarge)):
                open_image(data, tighter)

    @pytest.mark.filterwarnings("ignore")  # as in production, where no warning stops Pillow
    @pytest.mark.parametrize("kind", FILES)
    def test_truncated_file_is_refused_or_complete(self, kind: str) -> None:
        data = FILES[kind]
        whole = open_image(data, LIMITS).tobytes()
        for end in range(1, len(data), max(1, len(data) // 150)):
            try:
                image = open_image(data[:end], LIMITS)
            except BadImage:
                continue
            # What is cut off was no pixel: a checksum, an end marker, the next frame.
            assert image.tobytes() == whole

    @pytest.mark.parametrize("kind", [kind for kind in FILES if "JPEG" in kind])
    def test_copy_filled_up_with_zeros_is_refused(self, kind: str) -> None:
        data = FILES[kind]
        middle = (data.index(b"\xff\xda") + data.index(b"\xff\xd9")) // 2
        with pytest.raises(BadImage, match="the JPEG file is truncated"):
            open_image(data[:middle] + bytes(len(data)), LIMITS)

    def test_end_marker_of_an_embedded_preview_does_not_count(self) -> None:
        preview = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + FILES["JPEG"]
        data = encode(photo(200, 160), "JPEG", exif=preview)
        assert open_image(data, LIMITS).size == (200, 160)
        middle = (data.rindex(b"\xff\xda") + len(data)) // 2
        with pytest.raises(BadImage, match="the JPEG file is truncated"):
            open_image(data[:middle] + bytes(len(data)), LIMITS)

    def test_endless_scans_are_refused(self) -> None:
        data = FILES["progressive JPEG"]
        last = data[data.rindex(b"\xff\xda") : -2]
        assert open_image(data[:-2] + 10 * last + data[-2:], LIMITS).size == (64, 48)
        with pytest.raises(BadImage, match="damaged"):
            open_image(data[:-2] + 200 * last + data[-2:], LIMITS)

    @pytest.mark.filterwarnings("ignore")
    def test_random_damage_never_raises_anything_else(self) -> None:
        dice = random.Random(2026)
        refused = 0
        for number in range(900):
            data = bytearray(list(FILES.values())[number % len(FILES)])
            for _ in range(dice.choice((1, 1, 2, 4, 16))):
                at = dice.randrange(min(len(data), dice.choice((200, 10_000))))
                match dice.randrange(4):
                    case 0:
                        data[at] = dice.randrange(256)
                    case 1:
                        data[at : at + 4] = dice.choice(
                            (bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff")
                        )
                    case 2:
                        del data[at : at + dice.randrange(1, 20)]
                    case 3:
                        data[at:at] = dice.randbytes(dice.randrange(1, 9))
            try:
                assert open_image(bytes(data), LIMITS).mode == "RGB"
            except BadImage:
                refused += 1
        assert 300 < refused < 850


def test_the_decoded_picture_is_its_own_copy() -> None:
    image = open_image(FILES["PNG"], LIMITS)
    image.putpixel((0, 0), (1, 2, 3))
    assert open_image(FILES["PNG"], LIMITS).getpixel((0, 0)) == (120, 40, 40)


def test_importing_loads_no_engine() -> None:
    code = (
        "import sys, hikari_serve.pictures.decode, hikari_serve.references.index, "
        "hikari_serve.references.builder; "
        "sys.exit(bool({'torch', 'transformers', 'bentoml'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
