"""Batches of questions about the pictures of one pool, as the stages are trained on them."""

from collections.abc import Callable
from functools import partial

import numpy as np
from transformers import CLIPModel, Qwen2Tokenizer

from hikari_serve.demo.batches import Batch
from hikari_serve.demo.contrastive import embed
from hikari_serve.demo.doubt import USUAL, Doubt
from hikari_serve.demo.examples import Example, Examples
from hikari_serve.demo.pool import Pool
from hikari_serve.demo.recipes import Recipes
from hikari_serve.demo.shelf import Shelf
from hikari_serve.demo.veiling import VeilingCollator

SIZE = 32
"""Questions in a batch; half as many where each quotes references."""


class Lessons:
    """Draws batches of questions with their answers.

    Args:
        pool: The pictures that are asked about, and the references that are quoted.
        recipes: What is asked and answered.
        tokenizer: The family's.
        encoder: Finds the references.
        rng: Draws everything.
        doubt: How far the questions may trust what their prompts add.

    Attributes:
        ask: Makes single questions.
        collator: Makes batches of them.
    """

    def __init__(
        self,
        pool: Pool,
        recipes: Recipes,
        tokenizer: Qwen2Tokenizer,
        encoder: CLIPModel,
        rng: np.random.Generator,
        doubt: Doubt = USUAL,
    ) -> None:
        shelf = Shelf(pool, embed(encoder, pool), rng)
        self.ask = Examples(pool, recipes, tokenizer, shelf, rng, doubt)
        self.collator = VeilingCollator(tokenizer, pool, doubt.veiled, rng)
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
