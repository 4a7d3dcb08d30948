"""A view is what `thumbnail` makes, which the weights saw, byte for byte."""

import random

from PIL import Image

from hikari_serve.pictures.view import Preprocessing, make_view, read_view, view_size

DICE = random.Random(5)


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
