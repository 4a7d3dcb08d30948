"""The first lesson: a vision tower learns to tell what is drawn before any words come in.

A tiny model of pictures and words that starts from scratch waits long for its eyes. Naming the
disease and the findings through plain linear heads, which are thrown away afterwards, takes a
fraction of the time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from demo.training.batches import Batch
from demo.training.dataset import Case, Dataset
from demo.training.pixels import grids, patches, squares
from hikari_serve.drawing.captions import counted


@dataclass(frozen=True)
class Lesson:
    """What `TowerPretraining` returns: its mean loss over the questions."""

    loss: torch.Tensor


class TowerPretraining(nn.Module):
    """A vision tower under one linear head for each question.

    Args:
        tower: The tower that learns; its `pooler_output` has one or more vectors a picture.
        width: Size of such a vector.
        answers: The number of possible answers to each question.
    """

    def __init__(self, tower: nn.Module, width: int, answers: list[int]) -> None:
        super().__init__()
        self.tower = tower
        self.norm = nn.LayerNorm(width)
        self.heads = nn.ModuleList(nn.Linear(width, count) for count in answers)

    def forward(self, labels: torch.Tensor, **shown: torch.Tensor) -> Lesson:
        """Answers every question about every picture.

        Args:
            labels: (pictures, questions), the index of the right answer.
            shown: The pictures as the tower takes them.
        """
        vectors = self.tower(**shown).pooler_output
        seen = self.norm(vectors.view(len(labels), -1, vectors.shape[-1]).mean(1))
        losses = [cross_entropy(head(seen), labels[:, i]) for i, head in enumerate(self.heads)]
        return Lesson(torch.stack(losses).mean())


def for_qwen(views: torch.Tensor) -> Batch:
    """Views as the tower of Qwen3-VL takes them."""
    return {"hidden_states": patches(views).flatten(0, 1), "grid_thw": grids(len(views))}


def for_clip(views: torch.Tensor) -> Batch:
    """Views as the tower of CLIP takes them."""
    return {"pixel_values": squares(views)}


class PretrainingBatches:
    """Makes batches of pictures with the answers to every question.

    Args:
        dataset: The pictures.
        rng: Draws them.
        show: Turns views into what the tower takes.

    Attributes:
        answers: The number of possible answers to each question.
    """

    def __init__(
        self, dataset: Dataset, rng: np.random.Generator, show: Callable[[torch.Tensor], Batch]
    ) -> None:
        self._pool, self._rng, self._show = dataset, rng, show
        columns = list(zip(*map(_facts, dataset.cases), strict=True))
        options = [sorted(set(column)) for column in columns]
        self.answers = [len(each) for each in options]
        self._labels = torch.tensor(
            [
                [each.index(fact) for fact in column]
                for column, each in zip(columns, options, strict=True)
            ]
        ).T

    def draw(self, size: int) -> Batch:
        """Picks `size` drawings at random."""
        picked = self._rng.integers(len(self._pool.cases), size=size).tolist()
        return {"labels": self._labels[picked], **self._show(self._pool.views[picked])}


def _facts(case: Case) -> tuple[str, ...]:
    findings = case.findings
    if findings is None or case.disease is None:
        return ("nothing",) * 6
    number = counted(findings.count)
    return (case.disease, number, findings.size, findings.colour, findings.surface, findings.tone)
