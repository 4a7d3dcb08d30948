"""The demo family's reference index: drawings of a seed of their own, embedded by its encoder."""

from io import BytesIO
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.progress import Progress

from demo.training.retrieval import CASES
from hikari_serve.drawing.cases import Drawing, draw_cases
from hikari_serve.references.builder import build
from hikari_serve.references.encoding import open_encoder
from hikari_serve.references.manifest import Manifest
from hikari_serve.references.store import Case
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import RetrieverConfig
from hikari_serve.repository.weights import Weights

MODEL = "demo_references"
SEED_OFFSET = 1000
"""Keeps the casebook's drawings apart from those that the family was trained and judged on."""


def build_casebook(models: Path, out: Path, seed: int) -> Manifest:
    """Draws the cases and writes the index beside the encoder's weights.

    Args:
        models: The repository whose configuration names the preprocessing and the index.
        out: The repository that holds the trained encoder.
        seed: The family's seed.
    """
    config = Repository(models).config(MODEL)
    assert isinstance(config.hikari, RetrieverConfig)
    assert config.hikari.index is not None
    folder = out / MODEL / "1"
    encoder = open_encoder(config, Weights(folder), threads=None)
    drawings = draw_cases(CASES, seed + SEED_OFFSET, "mixed")
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("casebook", total=CASES)
        return build(
            (_case(index, drawing) for index, drawing in enumerate(drawings)),
            encoder.images,
            encoder.info,
            folder / config.hikari.index,
            progress=lambda done: progress.update(task, completed=done),
        )


def _case(index: int, drawing: Drawing) -> Case:
    picture = BytesIO()
    small: Image.Image = drawing.image.copy()
    small.thumbnail((160, 160), Image.Resampling.LANCZOS)  # what a page shows; a view is 128
    small.save(picture, "JPEG", quality=92)
    return Case(
        id=f"drawing-{index:04d}",
        image=picture.getvalue(),
        label=drawing.disease,
        caption=drawing.caption,
        source="drawn by hikari_serve.drawing",
    )
