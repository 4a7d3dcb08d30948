"""Cases of the demo family: drawings with their labels and captions, as many as wanted."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.progress import track

from hikari_serve.drawing.captions import caption
from hikari_serve.drawing.difficulty import Difficulty, hardship, photograph
from hikari_serve.drawing.findings import Findings
from hikari_serve.drawing.lesions import DISEASES
from hikari_serve.drawing.scene import Scene
from hikari_serve.errors import InvalidInput

GROUPS: dict[str, str] = {
    "acne_vulgaris": "acne",
    "melanocytic_nevi": "benign",
    "skin_tag": "benign",
    "sccis": "malignant",
}
"""The group of each disease that is not inflammatory."""

LABELS = "labels.csv"
"""The file that names the drawings of a set."""

COLUMNS = ("file", "group", "disease", "caption")
"""Its columns."""


@dataclass(frozen=True)
class Drawing:
    """One drawn case.

    Attributes:
        image: RGB, 256 x 256.
        group: Group id.
        disease: Disease id.
        caption: What a reader of the picture would truly write.
        findings: The attributes that the caption was made from.
    """

    image: Image.Image
    group: str
    disease: str
    caption: str
    findings: Findings


def draw_case(index: int, seed: int, difficulty: Difficulty = "clear") -> Drawing:
    """Draws one case; the same index and seed give the same pixels.

    Args:
        index: Any ten consecutive indices hold each disease once.
        seed: The seed of the set.
        difficulty: How hard the drawing is to read.
    """
    disease = list(DISEASES)[index % len(DISEASES)]
    trouble = np.random.default_rng((seed, index, 1))
    wrong = hardship(difficulty, trouble)
    scene = Scene(np.random.default_rng((seed, index)), wrong)
    findings = DISEASES[disease](scene)
    return Drawing(
        image=photograph(scene.image(), wrong, trouble),
        group=GROUPS.get(disease, "inflammatory"),
        disease=disease,
        caption=caption(disease, findings),
        findings=findings,
    )


def draw_cases(
    count: int, seed: int, difficulty: Difficulty = "clear", first: int = 0
) -> Iterator[Drawing]:
    """Draws `count` cases, the diseases in turn, beginning with the index `first`."""
    return (draw_case(index, seed, difficulty) for index in range(first, first + count))


def draw_set(
    count: int,
    seed: int,
    out: Path,
    difficulty: Difficulty = "clear",
    *,
    replace: bool = False,
) -> None:
    """Writes cases as PNG files beside the `LABELS` that name them.

    Args:
        count: How many to draw.
        seed: The seed of the set.
        out: A folder, made if it is not there.
        difficulty: How hard the drawings are to read.
        replace: Whether files of these names that are there may be replaced.

    Raises:
        InvalidInput: There are some, and they may not.
    """
    files = [f"{index:05d}.png" for index in range(count)]
    for each in (LABELS, *files):
        if not replace and (out / each).exists():
            raise InvalidInput(
                f"{out / each} is there already: draw into another folder, or replace what is in "
                "this one with --force"
            )
    out.mkdir(parents=True, exist_ok=True)
    with (out / LABELS).open("w", newline="", encoding="utf-8") as sheet:
        rows = csv.writer(sheet)
        rows.writerow(COLUMNS)
        cases = _shown(draw_cases(count, seed, difficulty), count)
        for file, case in zip(files, cases, strict=True):
            case.image.save(out / file)
            rows.writerow((file, case.group, case.disease, case.caption))


def _shown(cases: Iterable[Drawing], count: int) -> Iterable[Drawing]:
    console = Console(stderr=True)
    return track(cases, "Drawing", total=count, console=console, disable=not console.is_terminal)
