"""The drawings that training looks at, drawn and cut into patches once."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from PIL import Image

from hikari_serve.demo.architecture import VIEW, clip_processor, view_processor
from hikari_serve.demo.cases import Drawing
from hikari_serve.demo.findings import Findings
from hikari_serve.image import Preprocessing, make_view, read_view


@dataclass(frozen=True)
class Case:
    """What is known of one drawing."""

    group: str
    disease: str
    caption: str
    findings: Findings


@dataclass(frozen=True)
class Pool:
    """Drawings as tensors.

    Attributes:
        cases: What is known of them.
        patches: (N, 64, 1536) float16, the patches of each view.
        squares: (N, 3, 64, 64) float16, what the reference encoder sees.
    """

    cases: list[Case]
    patches: torch.Tensor
    squares: torch.Tensor


def view_of(drawing: Drawing) -> Image.Image:
    """The drawing as the demo models see it, by the same code that serves them."""
    return read_view(make_view(drawing.image, Preprocessing(max_side=VIEW)))


def make_pool(drawings: Iterable[Drawing]) -> Pool:
    """Turns drawings into the tensors that training reads."""
    cutter, cropper = view_processor(), clip_processor()
    cases: list[Case] = []
    patches: list[torch.Tensor] = []
    squares: list[torch.Tensor] = []
    for drawing in drawings:
        view = view_of(drawing)
        cases.append(Case(drawing.group, drawing.disease, drawing.caption, drawing.findings))
        patches.append(cutter(view, return_tensors="pt")["pixel_values"].half())
        squares.append(cropper(view, return_tensors="pt")["pixel_values"][0].half())
    return Pool(cases, torch.stack(patches), torch.stack(squares))
