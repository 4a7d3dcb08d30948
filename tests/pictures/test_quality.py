"""What a picture's quality report says of good pictures and of bad ones."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageFilter

from hikari_serve.drawing import draw_cases
from hikari_serve.pictures.quality import measure

DRAWINGS = [drawing.image for drawing in draw_cases(60, 77)]


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8))


def warned(images: list[Image.Image], word: str) -> float:
    return float(np.mean([any(word in said for said in measure(i).warnings) for i in images]))


def test_good_pictures_of_every_skin_tone_have_no_warning() -> None:
    tones = {drawing.findings.tone for drawing in draw_cases(60, 77)}
    assert len(tones) == 4
    assert [measure(image).warnings for image in DRAWINGS] == [()] * len(DRAWINGS)
    assert {measure(image).score for image in DRAWINGS} == {1.0}


def test_the_same_picture_in_more_pixels_is_judged_alike() -> None:
    small, large = DRAWINGS[3], DRAWINGS[3].resize((2000, 2000), Image.Resampling.BICUBIC)
    one, other = measure(small), measure(large)
    assert (other.width, other.height, other.warnings) == (2000, 2000, ())
    assert other.skin == pytest.approx(one.skin, abs=0.02)
    assert other.exposure == pytest.approx(one.exposure, abs=0.02)


def test_blur_is_told() -> None:
    for radius in (3, 8):
        blurred = [image.filter(ImageFilter.GaussianBlur(radius)) for image in DRAWINGS]
        assert warned(blurred, "blurred") >= 0.95


def test_darkness_and_glare_are_told() -> None:
    assert warned([ImageEnhance.Brightness(i).enhance(0.15) for i in DRAWINGS], "dark") >= 0.95
    glare = ImageEnhance.Brightness(DRAWINGS[0]).enhance(20)
    assert warned([glare], "overexposed") == 1


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (300, 200), "white"),
        Image.new("RGB", (300, 200), "black"),
        Image.new("RGB", (16, 800), (200, 150, 130)),
        Image.linear_gradient("L").convert("RGB"),
    ],
)
def test_nothing_to_see_scores_zero(image: Image.Image) -> None:
    found = measure(image)
    assert found.blank
    assert found.score == 0
    assert "nothing to see" in " ".join(found.warnings)


def test_what_has_not_the_colour_of_skin_is_told() -> None:
    assert "colour of skin" in measure(noise()).warnings[0]


def test_a_very_small_picture_is_told() -> None:
    assert "very small" in measure(DRAWINGS[0].resize((30, 40))).warnings[0]
