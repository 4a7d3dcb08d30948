"""The pictures of an evaluation: fresh drawings of each difficulty, and of anything else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from demo.evaluation.trials import Picture, drawn, encoded
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.drawing.others import KINDS
from hikari_serve.errors import InvalidInput
from hikari_serve.pictures.decode import PictureLimits, open_image

SEED = 3000
"""Keeps these pictures apart from those of training, judgement, casebook and calibration."""

CROP = 256
"""Side of the squares that photographs are cut into, in pixels: as large as a drawing."""

PHOTOGRAPHS = "photographs of things"


@dataclass(frozen=True)
class Questions:
    """What the cascade is asked.

    Attributes:
        clear: Clear drawings.
        mixed: Mixed drawings.
        hard: Hard drawings.
        others: Pictures without a lesion, by kind.
        skin: Photographs of real skin, by kind: none of them is a drawing, so none may be named.
    """

    clear: Sequence[Picture]
    mixed: Sequence[Picture]
    hard: Sequence[Picture]
    others: Mapping[str, Sequence[Picture]]
    skin: Mapping[str, Sequence[Picture]]


def draw_questions(
    count: int, photographs: Path | None = None, skin: Path | None = None
) -> Questions:
    """Draws the pictures; the same count gives the same.

    Args:
        count: Drawings of each difficulty, and pictures of each kind of anything else.
        photographs: A folder of photographs of things; None leaves that kind out.
        skin: A folder with a folder of photographs of skin for each kind; None leaves them out.

    Raises:
        InvalidInput: A folder has no photograph.
    """
    if photographs is not None:
        _files(photographs)
    kinds = [each for each in sorted(skin.iterdir()) if each.is_dir()] if skin else []
    real = {each.name: [Picture(file.read_bytes()) for file in _files(each)] for each in kinds}
    others = {kind.__name__.replace("_", " "): list(_others(kind, count)) for kind in KINDS}
    if photographs is not None:
        others[PHOTOGRAPHS] = list(_squares(photographs, count))
    return Questions(
        clear=drawn(draw_cases(count, SEED, "clear")),
        mixed=drawn(draw_cases(count, SEED, "mixed")),
        hard=drawn(draw_cases(count, SEED, "hard")),
        others=others,
        skin=real,
    )


def _others(kind: Callable[[np.random.Generator], Image.Image], count: int) -> Iterator[Picture]:
    for index in range(count):
        yield Picture(encoded(kind(np.random.default_rng((SEED, index, 2)))))


def _squares(folder: Path, count: int) -> Iterator[Picture]:
    """Squares of many sizes out of the photographs of a folder, each photograph in turn."""
    files = _files(folder)
    rng = np.random.default_rng(SEED)
    for index in range(count):
        whole = open_image(files[index % len(files)].read_bytes(), PictureLimits())
        side = int(rng.uniform(0.4, 1) * min(whole.size))
        left, top = (int(rng.integers(0, room - side + 1)) for room in whole.size)
        square = whole.crop((left, top, left + side, top + side))
        yield Picture(encoded(square.resize((CROP, CROP), Image.Resampling.LANCZOS)))


def _files(folder: Path) -> list[Path]:
    """The photographs of a folder and those below it, sorted by name."""
    endings = {".jpg", ".jpeg", ".png"}
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)
    if not files:
        raise InvalidInput(f"{folder} has no .jpg or .png file")
    return files
