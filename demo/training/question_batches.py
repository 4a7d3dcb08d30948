"""Batches of questions about the pictures of one dataset, as the stages are trained on them."""

from collections.abc import Callable
from functools import partial

import numpy as np
from transformers import CLIPModel, Qwen2Tokenizer

from demo.training.batches import Batch
from demo.training.contrastive import embed
from demo.training.dataset import Dataset
from demo.training.evidence_noise import USUAL, EvidenceNoise
from demo.training.examples import Example, Examples
from demo.training.recipes import Recipes
from demo.training.retrieval import CaseRetrieval
from demo.training.veiling import VeilingCollator

SIZE = 32
"""Questions in a batch; half as many where each quotes references."""


class QuestionBatches:
    """Draws batches of questions with their answers.

    Args:
        dataset: The pictures that are asked about, and the references that are quoted.
        recipes: What is asked and answered.
        tokenizer: The family's.
        encoder: Finds the references.
        rng: Draws everything.
        noise: How far the questions may trust what their prompts add.

    Attributes:
        ask: Makes single questions.
        collator: Makes batches of them.
    """

    def __init__(
        self,
        dataset: Dataset,
        recipes: Recipes,
        tokenizer: Qwen2Tokenizer,
        encoder: CLIPModel,
        rng: np.random.Generator,
        noise: EvidenceNoise = USUAL,
    ) -> None:
        retrieval = CaseRetrieval(dataset, embed(encoder, dataset), rng)
        self.ask = Examples(dataset, recipes, tokenizer, retrieval, rng, noise)
        self.collator = VeilingCollator(tokenizer, dataset, noise.veiled, rng)
        self._rng = rng

    def mixed(self) -> Batch:
        """One of the three questions, captions twice as often as the others."""
        ask = self.ask
        kinds = (ask.any_group, ask.any_disease, ask.any_caption, ask.any_caption)
        return self._batch(kinds[int(self._rng.integers(len(kinds)))], SIZE)

    def group(self) -> Batch:
        return self._batch(self.ask.any_group, SIZE)

    def disease(self) -> Batch:
        """The disease question with none to three references, the same number in a batch."""
        return self._disease(int(self._rng.integers(4)))

    def comparing(self) -> Batch:
        """The disease question with none or, twice as often, three references."""
        return self._disease(int(self._rng.choice((0, 3, 3))))

    def caption(self) -> Batch:
        return self._batch(self.ask.any_caption, SIZE)

    def _disease(self, count: int) -> Batch:
        return self._batch(partial(self.ask.any_disease, count), SIZE // 2 if count else SIZE)

    def _batch(self, make: Callable[[], Example], size: int) -> Batch:
        return self.collator.training([make() for _ in range(size)])
