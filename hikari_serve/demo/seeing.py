"""The first lesson: the vision tower learns to tell what is drawn before any words come in.

A tiny language model that starts from scratch waits long for its eyes. Naming the disease and
the findings through plain linear heads, which are thrown away afterwards, takes a fraction of
the time.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.demo.architecture import WIDTH
from hikari_serve.demo.batches import Batch, grids
from hikari_serve.demo.captions import counted
from hikari_serve.demo.pool import Case, Pool


@dataclass(frozen=True)
class Lesson:
    """What `Seeing` returns: its mean loss over the questions."""

    loss: torch.Tensor


class Seeing(nn.Module):
    """A vision tower under one linear head for each question.

    Args:
        model: The model whose tower learns.
        answers: The number of possible answers to each question.
    """

    def __init__(self, model: Qwen3VLForConditionalGeneration, answers: list[int]) -> None:
        super().__init__()
        self.tower = model.model.visual
        self.norm = nn.LayerNorm(WIDTH)
        self.heads = nn.ModuleList(nn.Linear(WIDTH, count) for count in answers)

    def forward(
        self, pixel_values: torch.Tensor, image_grid_thw: torch.Tensor, labels: torch.Tensor
    ) -> Lesson:
        """Answers every question about every picture.

        Args:
            pixel_values: (pictures * patches, values).
            image_grid_thw: (pictures, 3).
            labels: (pictures, questions), the index of the right answer.
        """
        tokens = self.tower(pixel_values, grid_thw=image_grid_thw).pooler_output
        seen = self.norm(tokens.view(len(labels), -1, tokens.shape[-1]).mean(1))
        losses = [cross_entropy(head(seen), labels[:, i]) for i, head in enumerate(self.heads)]
        return Lesson(torch.stack(losses).mean())


class SeeingBatches:
    """Makes batches of pictures with the answers to every question.

    Attributes:
        answers: The number of possible answers to each question.
    """

    def __init__(self, pool: Pool, rng: np.random.Generator) -> None:
        self._pool, self._rng = pool, rng
        columns = list(zip(*map(_facts, pool.cases), strict=True))
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
        return {
            "pixel_values": self._pool.patches[picked].float().flatten(0, 1),
            "image_grid_thw": grids(self._pool.patches, size),
            "labels": self._labels[picked],
        }


def _facts(case: Case) -> tuple[str, ...]:
    findings = case.findings
    if findings is None or case.disease is None:
        return ("nothing",) * 6
    number = counted(findings.count)
    return (case.disease, number, findings.size, findings.colour, findings.surface, findings.tone)
