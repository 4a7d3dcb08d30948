"""The pictures that training looks at, drawn once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from demo.training.architecture import VIEW
from hikari_serve.drawing.cases import Drawing
from hikari_serve.drawing.findings import Findings
from hikari_serve.drawing.others import CAPTION
from hikari_serve.pictures.view import Preprocessing, make_view, read_view


@dataclass(frozen=True)
class Case:
    """What is known of one picture.

    Attributes:
        caption: What a reader would truly write.
        group: Group id; None where no lesion is seen.
        disease: Disease id; None where no lesion is seen.
        findings: What was drawn; None where no lesion is seen.
    """

    caption: str
    group: str | None = None
    disease: str | None = None
    findings: Findings | None = None


@dataclass(frozen=True)
class Dataset:
    """Drawings as the models see them.

    Attributes:
        cases: What is known of them, those with a lesion first.
        lesions: How many show a lesion.
        views: (N, 128, 128, 3) uint8, the view of each.
    """

    cases: list[Case]
    lesions: int
    views: torch.Tensor


def view_of(image: Image.Image) -> Image.Image:
    """The picture as the demo models see it, by the same code that serves them."""
    return read_view(make_view(image, Preprocessing(max_side=VIEW)))


def make_dataset(drawings: Iterable[Drawing], others: Iterable[Image.Image] = ()) -> Dataset:
    """Turns pictures into the views that training reads.

    Args:
        drawings: Pictures of lesions.
        others: Pictures of anything else.
    """
    cases: list[Case] = []
    views: list[torch.Tensor] = []

    def add(image: Image.Image, case: Case) -> None:
        cases.append(case)
        views.append(torch.from_numpy(np.array(view_of(image))))

    for drawing in drawings:
        known = Case(drawing.caption, drawing.group, drawing.disease, drawing.findings)
        add(drawing.image, known)
    lesions = len(cases)
    for other in others:
        add(other, Case(CAPTION))
    return Dataset(cases, lesions, torch.stack(views))
