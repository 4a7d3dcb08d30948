import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.training.recipes import read_recipes
from hikari_serve.drawing import Drawing, draw_case, draw_cases, draw_set
from hikari_serve.drawing.captions import NAMES, SURFACES, counted
from hikari_serve.drawing.lesions import DISEASES
from hikari_serve.drawing.scene import PIGMENTS, SIDE, whereabouts

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def drawings() -> list[Drawing]:
    return list(draw_cases(100, seed=3))


def test_the_same_seed_and_index_give_the_same_drawing() -> None:
    one, other = draw_case(7, seed=5), draw_case(7, seed=5)
    assert one.image.tobytes() == other.image.tobytes()
    assert one.caption == other.caption
    assert draw_case(7, seed=6).image.tobytes() != one.image.tobytes()


def test_every_disease_is_drawn_equally_often(drawings: list[Drawing]) -> None:
    counts = dict.fromkeys(DISEASES, 0)
    for drawing in drawings:
        counts[drawing.disease] += 1
    assert set(counts.values()) == {10}


def test_labels_are_those_of_the_repository(drawings: list[Drawing]) -> None:
    recipes = read_recipes(MODELS)
    assert dict(recipes.disease.labels) == NAMES
    assert {drawing.group for drawing in drawings} == set(recipes.group.labels)


def test_drawings_show_something_on_the_skin(drawings: list[Drawing]) -> None:
    for drawing in drawings:
        pixels = np.asarray(drawing.image, np.float32)
        assert pixels.shape == (SIDE, SIDE, 3)
        distance = np.abs(pixels - np.median(pixels, (0, 1))).max(2)
        assert (distance > 20).mean() > 0.002, drawing.caption


def test_captions_say_what_was_drawn(drawings: list[Drawing]) -> None:
    for drawing in drawings:
        findings, text = drawing.findings, drawing.caption
        assert text.startswith(f"{counted(findings.count)} {findings.size} {findings.colour} ")
        assert f" {findings.lesion}" in text
        assert f"{findings.border} borders on {findings.tone} skin" in text
        assert findings.place in text
        assert SURFACES[findings.surface] in text
        assert f"consistent with {NAMES[drawing.disease]};" in text
        others = [name for key, name in NAMES.items() if key != drawing.disease]
        assert not any(name in text for name in others)


def test_the_colour_in_the_caption_is_in_the_picture(drawings: list[Drawing]) -> None:
    for drawing in drawings:
        if drawing.disease != "melanocytic_nevi":
            continue
        pixels = np.asarray(drawing.image, np.float32) / 255
        wanted = np.asarray(PIGMENTS[drawing.findings.colour])
        assert np.abs(pixels - wanted).max(2).min() < 0.15


def test_places_are_named_by_where_lesions_lie() -> None:
    assert whereabouts([(60, 70, 9)]) == "upper left"
    assert whereabouts([(190, 180, 9), (200, 190, 9)]) == "lower right"
    assert whereabouts([(10, 10, 9), (250, 250, 9)]) == "scattered"


@pytest.mark.parametrize(("count", "word"), [(1, "One"), (3, "Three"), (4, "Several"), (8, "Many")])
def test_counts_become_words(count: int, word: str) -> None:
    assert counted(count) == word


def test_a_set_is_pictures_beside_their_labels(tmp_path: Path) -> None:
    draw_set(10, seed=1, out=tmp_path / "set")
    with (tmp_path / "set" / "labels.csv").open(newline="", encoding="utf-8") as sheet:
        rows = list(csv.DictReader(sheet))
    assert list(rows[0]) == ["file", "group", "disease", "caption"]
    assert {row["disease"] for row in rows} == set(DISEASES)
    first = draw_case(0, seed=1)
    assert rows[0]["caption"] == first.caption
    with Image.open(tmp_path / "set" / rows[0]["file"]) as picture:
        assert picture.tobytes() == first.image.tobytes()


def test_drawing_needs_no_torch() -> None:
    check = "import sys, hikari_serve.drawing; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
