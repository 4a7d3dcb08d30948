"""Pictures of every kind in; upright RGB pixels, or an error that says what to send instead."""

import random
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from pydantic import ValidationError

from hikari_serve.errors import BadImage, TooLarge
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import Preprocessing, content_hash, make_view, read_view

LIMITS = PictureLimits()


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


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

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


class TestOpening:
    @pytest.mark.parametrize("kind", FILES)
    def test_every_format_becomes_plain_rgb(self, kind: str) -> None:
        image = open_image(FILES[kind], LIMITS)
        assert (type(image), image.mode, image.size) == (Image.Image, "RGB", (64, 48))
        assert image.info == {}
        assert not image.getexif()
        expected = picture().convert("L").convert("RGB") if kind == "grey JPEG" else picture()
        assert np.abs(pixels(image) - pixels(expected)).mean() < 4

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "HEIC"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_orientation_is_applied(self, format: str, orientation: int) -> None:
        if format == "HEIC":  # turns with its own box, which pillow-heif writes of the image's tag
            tagged = picture()
            tagged.getexif()[0x0112] = orientation
            data = encode(tagged, "HEIF", quality=95)
        else:
            data = encode(picture(), format, exif=exif(orientation))
        methods = {
            2: Image.Transpose.FLIP_LEFT_RIGHT,
            3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_270,
            7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_90,
        }
        expected = picture()
        if orientation in methods:
            expected = expected.transpose(methods[orientation])
        image = open_image(data, LIMITS)
        assert image.size == expected.size
        assert np.abs(pixels(image) - pixels(expected)).mean() < 8

    def test_metadata_does_not_reach_a_view(self) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        data = encode(picture(), "JPEG", exif=exif(1), icc_profile=profile, comment=b"Jane Doe")
        view = make_view(open_image(data, LIMITS), Preprocessing())
        for secret in (b"A camera", b"Jane Doe", profile):
            assert secret in data
            assert secret not in view

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
            (b"Dear doctor", "no picture; send a JPEG"),
            (b"\xff\xd8", "no picture"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "the HEIC file is truncated or damaged"),
            (b"\0\0\0\x1cftypavif\0\0\0\0", "the AVIF file is truncated or damaged"),
            (b"\0\0\0\x18ftypcrx \0\0\0\0", r"Canon raw \(CR3\) is not supported"),
            (b"\0\0\0\x18ftypisom\0\0\0\0mp42", r"video \(MP4, QuickTime\) is not supported"),
            (b"\xff\x0a" + bytes(50), "JPEG XL is not supported"),
            (b"\x08\0\x05\0CS\x0a\0ISO_IR 100", "DICOM is not supported"),
            (b"8BPS\0\1", r"Photoshop \(PSD\) is not supported"),
            (b"\0" * 128 + b"DICM" + b"\0" * 50, "DICOM is not supported"),
            (b"%PDF-1.7\n", "PDF is not supported"),
            (encode(picture(), "JPEG2000"), "JPEG 2000 is not supported"),
            (b"BMI, and other numbers", "the BMP file is truncated or damaged"),
            (encode(picture().convert("F"), "TIFF"), "32-bit and LAB samples are not supported"),
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


class TestViews:
    def test_ids(self) -> None:
        assert Preprocessing(max_side=672).id == "max672-lanczos"
        assert Preprocessing().id == "full"
        with pytest.raises(ValidationError):
            Preprocessing(max_side=0)
        with pytest.raises(ValidationError):
            Preprocessing.model_validate({"max_side": 672, "resample": "nearest"})

    @pytest.mark.parametrize(
        ("size", "expected"),
        [((800, 600), (128, 96)), ((300, 900), (43, 128)), ((100, 80), (100, 80))],
    )
    def test_view_keeps_aspect_and_never_enlarges(
        self, size: tuple[int, int], expected: tuple[int, int]
    ) -> None:
        view = read_view(make_view(photo(*size), Preprocessing(max_side=128)))
        assert (view.size, view.mode) == (expected, "RGB")

    def test_view_is_the_thumbnail_that_hikari_was_trained_on(self) -> None:
        data = encode(photo(1500, 1100), "JPEG")
        trained = Image.open(BytesIO(data)).convert("RGB")
        trained.thumbnail((672, 672), Image.Resampling.LANCZOS)
        image = open_image(data, LIMITS)
        view = make_view(image, Preprocessing(max_side=672))
        assert read_view(view).tobytes() == trained.tobytes()
        assert image.size == (1500, 1100)  # left as it was, for the next view

    def test_full_view_is_lossless(self) -> None:
        image = photo(301, 203)
        assert read_view(make_view(image, Preprocessing())).tobytes() == image.tobytes()

    def test_orientation_comes_before_scaling(self) -> None:
        data = encode(picture(400, 200), "JPEG", exif=exif(6))
        view = make_view(open_image(data, LIMITS), Preprocessing(max_side=100))
        assert read_view(view).size == (50, 100)

    def test_same_pixels_are_the_same_bytes(self) -> None:
        image = photo(300, 200)
        jpeg, png = (encode(image, kind, quality=90) for kind in ("JPEG", "PNG"))
        again = encode(open_image(jpeg, LIMITS), "PNG")
        views = [
            make_view(open_image(data, LIMITS), Preprocessing()) for data in (jpeg, again, png)
        ]
        assert content_hash(views[0]) == content_hash(views[1]) != content_hash(views[2])

    @pytest.mark.parametrize("data", [b"", b"BM", FILES["PNG"], FILES["BMP"][:-100]])
    def test_other_bytes_are_no_view(self, data: bytes) -> None:
        with pytest.raises(BadImage, match="no view"):
            read_view(data)

    def test_content_hash(self) -> None:
        assert content_hash(b"").startswith("e3b0c44298fc1c14")


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
