"""Batches in which some pictures are asked about through a veil."""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import Qwen2Tokenizer

from demo.training.batches import Collator
from demo.training.dataset import Dataset
from demo.training.examples import Example

FAINTEST, CLEAREST = 0.05, 0.4
"""The contrast that a veiled picture keeps."""


def veil(views: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Fades each view towards its own mean colour.

    Args:
        views: (N, height, width, 3), from 0 to 255.
        rng: Draws how much contrast each keeps.

    Returns:
        The same shape and range, float32.
    """
    pixels = views.float()
    mean = pixels.mean((1, 2), keepdim=True)
    kept = torch.from_numpy(rng.uniform(FAINTEST, CLEAREST, (len(views), 1, 1, 1))).float()
    return mean + kept * (pixels - mean)


class VeilingCollator(Collator):
    """Veils the lesion that is asked about in a share of the questions with references.

    The references are shown as they are, and were found on the picture without the veil.
    """

    def __init__(
        self, tokenizer: Qwen2Tokenizer, dataset: Dataset, share: float, rng: np.random.Generator
    ) -> None:
        super().__init__(tokenizer, dataset.views)
        self._lesions = dataset.lesions
        self._share = share
        self._rng = rng

    def _shown(self, examples: Sequence[Example]) -> torch.Tensor:
        views = super()._shown(examples)
        veiled: list[bool] = []
        for example in examples:
            hidden = self._is_veiled(example)
            veiled += [hidden and index == example.query for index in example.pictures]
        if not any(veiled):
            return views
        shown = views.float()
        shown[veiled] = veil(views[veiled], self._rng)
        return shown

    def _is_veiled(self, example: Example) -> bool:
        compares = len(example.pictures) > 1 and example.query < self._lesions
        return compares and bool(self._rng.random() < self._share)
