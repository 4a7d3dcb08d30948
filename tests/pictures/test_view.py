"""Views: what a preprocessing makes of a picture, without loss on the way to a stage."""

import random
from io import BytesIO

import pytest
from PIL import Image, ImageCms
from pydantic import ValidationError

from hikari_serve.errors import BadImage
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import Preprocessing, content_hash, make_view, read_view, view_size
from tests.pictures.files import FILES, encode, exif, photo, picture

LIMITS = PictureLimits()
DICE = random.Random(5)


def test_ids() -> None:
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
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    view = read_view(make_view(photo(*size), Preprocessing(max_side=128)))
    assert (view.size, view.mode) == (expected, "RGB")


def test_view_is_the_thumbnail_that_hikari_was_trained_on() -> None:
    data = encode(photo(1500, 1100), "JPEG")
    trained = Image.open(BytesIO(data)).convert("RGB")
    trained.thumbnail((672, 672), Image.Resampling.LANCZOS)
    image = open_image(data, LIMITS)
    view = make_view(image, Preprocessing(max_side=672))
    assert read_view(view).tobytes() == trained.tobytes()
    assert image.size == (1500, 1100)  # left as it was, for the next view


def test_full_view_is_lossless() -> None:
    image = photo(301, 203)
    assert read_view(make_view(image, Preprocessing())).tobytes() == image.tobytes()


def test_orientation_comes_before_scaling() -> None:
    data = encode(picture(400, 200), "JPEG", exif=exif(6))
    view = make_view(open_image(data, LIMITS), Preprocessing(max_side=100))
    assert read_view(view).size == (50, 100)


def test_same_pixels_are_the_same_bytes() -> None:
    image = photo(300, 200)
    jpeg, png = (encode(image, kind, quality=90) for kind in ("JPEG", "PNG"))
    again = encode(open_image(jpeg, LIMITS), "PNG")
    views = [make_view(open_image(data, LIMITS), Preprocessing()) for data in (jpeg, again, png)]
    assert content_hash(views[0]) == content_hash(views[1]) != content_hash(views[2])


@pytest.mark.parametrize("data", [b"", b"BM", FILES["PNG"], FILES["BMP"][:-100]])
def test_other_bytes_are_no_view(data: bytes) -> None:
    with pytest.raises(BadImage, match="no view"):
        read_view(data)


def test_content_hash() -> None:
    assert content_hash(b"").startswith("e3b0c44298fc1c14")


def test_metadata_does_not_reach_a_view() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode(picture(), "JPEG", exif=exif(1), icc_profile=profile, comment=b"Jane Doe")
    view = make_view(open_image(data, LIMITS), Preprocessing())
    for secret in (b"A camera", b"Jane Doe", profile):
        assert secret in data
        assert secret not in view


def test_a_view_is_the_thumbnail_that_the_weights_saw() -> None:
    for _ in range(300):
        side = DICE.randint(16, 160)
        width, height = DICE.randint(16, 420), DICE.randint(16, 420)
        image = Image.frombytes("RGB", (width, height), DICE.randbytes(width * height * 3))
        before = image.tobytes()
        view = read_view(make_view(image, Preprocessing(max_side=side)))
        assert image.tobytes() == before
        thumbnail = image.copy()
        thumbnail.thumbnail((side, side), Image.Resampling.LANCZOS)
        assert view.size == thumbnail.size
        assert view.tobytes() == thumbnail.tobytes()


def test_the_sizes_are_those_of_thumbnail_for_every_shape() -> None:
    for width in range(16, 1200, 7):
        for height in (16, 37, 640, 2049):
            image = Image.new("1", (width, height))
            image.thumbnail((128, 128))
            assert view_size((width, height), Preprocessing(max_side=128)) == image.size


def test_without_a_side_every_pixel_stays() -> None:
    image = Image.frombytes("RGB", (50, 30), DICE.randbytes(50 * 30 * 3))
    assert read_view(make_view(image, Preprocessing(max_side=None))).tobytes() == image.tobytes()
