"""Training examples: what a demo model is shown and asked, and the answer that it should give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from transformers import Qwen2Tokenizer

from demo.training.dataset import Dataset
from demo.training.evidence_noise import USUAL, EvidenceNoise
from demo.training.recipes import Recipe, Recipes
from demo.training.retrieval import CaseRetrieval
from hikari_serve.drawing import others
from hikari_serve.prompts.layout import Reference

EMPTY_THINKING = "</think>\n\n"
"""How every trained answer begins: the template has opened the block, the model closes it."""


@dataclass(frozen=True)
class Example:
    """One conversation.

    Attributes:
        query: Index into the dataset of the picture that is asked about.
        pictures: Index into the dataset of the picture in each slot, in the order of the prompt.
        prompt: The templated prompt, one `<|image_pad|>` a picture.
        answer: What follows it, up to `<|im_end|>`.
    """

    query: int
    pictures: tuple[int, ...]
    prompt: str
    answer: str


class Examples:
    """Makes examples of each task from a dataset of pictures.

    Attributes:
        cases: What is known of the dataset's pictures.
        rng: Draws cases, references and misleading hints.
    """

    def __init__(
        self,
        dataset: Dataset,
        recipes: Recipes,
        tokenizer: Qwen2Tokenizer,
        retrieval: CaseRetrieval,
        rng: np.random.Generator,
        noise: EvidenceNoise = USUAL,
    ) -> None:
        self.cases = dataset.cases
        self.rng = rng
        self._recipes = recipes
        self._tokenizer = tokenizer
        self._shelf = retrieval
        self._doubt = noise

    def group(self, query: int) -> Example:
        recipe = self._recipes.group
        truth = self.cases[query].group
        return self._example(
            query, recipe, {}, recipe.labelled(truth) if truth else others.GROUP_ANSWER
        )

    def disease(
        self, query: int, references: Sequence[int] = (), group: str | None = None
    ) -> Example:
        """A question for the disease.

        Args:
            query: The case that is asked about.
            references: The retrieved cases, whatever they show.
            group: The group id that the prompt states, true or not.
        """
        recipe = self._recipes.disease
        inputs = {} if group is None else {"group": group}
        truth = self.cases[query].disease
        answer = recipe.labelled(truth) if truth else others.DISEASE_ANSWER
        return self._example(query, recipe, inputs, answer, references)

    def caption(self, query: int, disease: str | None = None) -> Example:
        """A question for the caption, which stays true whatever `disease` the prompt states."""
        inputs = {} if disease is None else {"disease": disease}
        return self._example(query, self._recipes.caption, inputs, self.cases[query].caption)

    def hint(self, truth: str | None, options: Sequence[str]) -> str | None:
        """A label that a prompt states: the right one, none or a wrong one."""
        chance = self.rng.random()
        if chance < self._doubt.unhinted:
            return None
        if chance < 1 - self._doubt.wrong:
            return truth
        return str(self.rng.choice([option for option in options if option != truth]))

    def any_group(self) -> Example:
        return self.group(self._any())

    def any_disease(self, references: int = 0) -> Example:
        """A question for the disease of some case, with that many references."""
        query = self._any()
        hint = self.hint(self.cases[query].group, list(self._recipes.group.labels))
        misleading = bool(self.rng.random() < self._doubt.misleading)
        return self.disease(query, self.references(query, references, misleading), hint)

    def any_caption(self) -> Example:
        query = self._any()
        hint = self.hint(self.cases[query].disease, list(self._recipes.disease.labels))
        return self.caption(query, hint)

    def references(self, query: int, count: int, misleading: bool) -> list[int]:
        """The cases that retrieval finds, or the nearest of wrong diseases if `misleading`."""
        if not count:
            return []
        return self._shelf.nearest(query, count, misleading)

    def _any(self) -> int:
        return int(self.rng.integers(len(self.cases)))

    def _example(
        self,
        query: int,
        recipe: Recipe,
        inputs: Mapping[str, str],
        answer: str,
        references: Sequence[int] = (),
    ) -> Example:
        quoted = [
            Reference(label=self.cases[index].disease or "", caption=self.cases[index].caption)
            for index in references
        ]
        order = recipe.layout.image_order(inputs, len(quoted))
        prompt = self._tokenizer.apply_chat_template(
            recipe.layout.messages(inputs, quoted), tokenize=False, add_generation_prompt=True
        )
        pictures = tuple(query if slot is None else references[slot] for slot in order)
        return Example(query, pictures, str(prompt), f"{EMPTY_THINKING}{answer}<|im_end|>")
