"""The demo family with another configuration: the same weights, asked in another way."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from hikari_serve.repository.config import CONFIG_FILE

LABELS_FILE = "labels.yaml"

Parts = dict[str, Any]


@contextmanager
def variant(models: Path, change: Callable[[Path], None]) -> Iterator[Path]:
    """A copy of a repository's configurations, changed, beside the same weights.

    Args:
        models: The root of what to copy.
        change: Called with the root of the copy.

    Yields:
        That root, which lives as long as the context.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder)
        for own in models.iterdir():
            (root / own.name).mkdir()
            for file in own.iterdir():
                copied = root / own.name / file.name
                if file.is_dir():
                    copied.symlink_to(file.resolve(), target_is_directory=True)
                else:
                    shutil.copy(file, copied)
        change(root)
        yield root


def plainly(root: Path) -> None:
    """Lets the demo name a disease whatever caption and cases say, with half of its belief."""
    parts = _read(root / "demo" / CONFIG_FILE)
    parts["hikari"]["abstain"] = {"on_blank": True, "on_unknown_group": True}
    _write(root / "demo" / CONFIG_FILE, parts)
    for model in ("demo_disease", "demo_group"):
        parts = _read(root / model / CONFIG_FILE)
        parts["hikari"].pop("min_label_mass", None)
        _write(root / model / CONFIG_FILE, parts)


def by_words_plainly(root: Path) -> None:
    """The same, and lets the disease model write its answer, as the card does."""
    plainly(root)
    folder = root / "demo_disease"
    parts = _read(folder / CONFIG_FILE)
    parts["hikari"] |= {"decoding": "generate"}
    scored = ("scores", "label_mass")
    parts["triton"]["output"] = [
        each for each in parts["triton"]["output"] if each["name"] not in scored
    ]
    _write(folder / CONFIG_FILE, parts)


def renamed(label: str, name: str) -> Callable[[Path], None]:
    """Puts another name in the place of one disease of the set."""

    def change(root: Path) -> None:
        folder = root / "demo_disease"
        parts = _read(folder / LABELS_FILE)
        (own,) = (each for each in parts["labels"] if each["id"] == label)
        own |= {"name": name, "answer": name, "aliases": []}
        _write(folder / LABELS_FILE, parts)

    return change


def _read(path: Path) -> Parts:
    parts: Parts = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parts


def _write(path: Path, parts: Parts) -> None:
    path.write_text(yaml.safe_dump(parts, sort_keys=False), encoding="utf-8")
