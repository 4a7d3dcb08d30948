"""A whole evaluation by the command, on few pictures, of the weights that lie in the repository."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from hikari_serve.drawing.captions import NAMES

ROOT = Path(__file__).parents[3]


def evaluate(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo.evaluation", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    out = tmp_path_factory.mktemp("evaluation")
    (out / "things").mkdir()
    Image.effect_noise((300, 400), 90).convert("RGB").save(out / "things" / "thing.png")
    (out / "skin" / "clinical").mkdir(parents=True)
    for name in range(2):
        Image.new("RGB", (300, 400), (200, 150, 120 + name)).save(
            out / "skin" / "clinical" / f"{name}.jpeg"
        )
    given = ("--photographs", out / "things", "--skin", out / "skin")
    done = evaluate("--count", "10", "--out", out / "page.md", *given)
    assert done.returncode == 0, done.stderr
    return out / "page.md", done.stdout


def test_the_page_has_every_disease_and_every_kind(page: tuple[Path, str]) -> None:
    text = page[0].read_text(encoding="utf-8")
    for name in (
        *NAMES.values(),
        "healthy skin",
        "dead leaves",
        "photographs of things",
        "clinical",
    ):
        assert re.search(rf"^\| {name} \|( \d+\.\d% \|)+$", text, re.MULTILINE), name
    assert "python -m demo.evaluation --count 10 --out" in text


def test_its_pictures_lie_beside_it(page: tuple[Path, str]) -> None:
    links = re.findall(r"!\[.+\]\((.+)\)", page[0].read_text(encoding="utf-8"))
    assert len(links) == 5
    for link in links:
        with Image.open(page[0].parent / link) as picture:
            assert min(picture.size) > 300


def test_the_terminal_says_what_was_met(page: tuple[Path, str]) -> None:
    verdicts = [line[:8].strip() for line in page[1].splitlines()[:-1]]
    assert len(verdicts) == 14
    assert set(verdicts) <= {"met", "NOT MET"}
    assert page[0].read_text(encoding="utf-8").count("**not met**") == verdicts.count("NOT MET")


def test_a_folder_without_photographs_is_told(tmp_path: Path) -> None:
    done = evaluate("--count", "10", "--out", tmp_path / "page.md", "--photographs", tmp_path)
    assert done.returncode == 1
    assert "has no .jpg or .png file" in done.stderr


def test_a_folder_that_is_none_is_told_before_anything_is_drawn(tmp_path: Path) -> None:
    done = evaluate("--count", "10", "--out", tmp_path / "p.md", "--skin", tmp_path / "none")
    assert done.returncode == 2
    assert "--skin:" in done.stderr
    assert "is no folder" in done.stderr
