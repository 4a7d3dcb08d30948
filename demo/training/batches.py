"""From examples to the tensors of one forward pass, padded on the left as in serving."""

from collections.abc import Sequence

import torch
from transformers import Qwen2Tokenizer

from demo.training.architecture import MERGE, PATCH, VIEW
from demo.training.examples import Example
from demo.training.pixels import grids, patches

Batch = dict[str, torch.Tensor]

IGNORED = -100
"""The label of a token that the loss passes over."""
SLOT = "<|image_pad|>"


class Collator:
    """Makes batches for the vision-language models.

    Attributes:
        views: (N, 128, 128, 3), the dataset's views, which examples point into.
    """

    def __init__(self, tokenizer: Qwen2Tokenizer, views: torch.Tensor) -> None:
        self.views = views
        self._tokenizer = tokenizer
        self._slot_id = tokenizer.get_added_vocab()[SLOT]
        self._slots = SLOT * (VIEW // PATCH // MERGE) ** 2

    def training(self, examples: Sequence[Example]) -> Batch:
        """Prompts with their answers, and `labels` that cover the answers alone."""
        prompts = [self._ids(example.prompt) for example in examples]
        answers = [self._ids(example.answer) for example in examples]
        pairs = list(zip(prompts, answers, strict=True))
        batch = self._padded([prompt + answer for prompt, answer in pairs], examples)
        labels = torch.full_like(batch["input_ids"], IGNORED)
        for row, answer in enumerate(answers):
            labels[row, -len(answer) :] = torch.tensor(answer)
        return {**batch, "labels": labels}

    def prompts(self, examples: Sequence[Example]) -> Batch:
        """Prompts alone, for generation."""
        return self._padded([self._ids(example.prompt) for example in examples], examples)

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text.replace(SLOT, self._slots)).input_ids)

    def _padded(self, rows: Sequence[list[int]], examples: Sequence[Example]) -> Batch:
        longest = max(map(len, rows))
        shape = (len(rows), longest)
        ids = torch.full(shape, int(self._tokenizer.pad_token_id or 0))
        mask = torch.zeros(shape, dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, longest - len(row) :] = torch.tensor(row)
            mask[number, longest - len(row) :] = 1
        views = self._shown(examples)
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "mm_token_type_ids": (ids == self._slot_id).long(),
            "pixel_values": patches(views).flatten(0, 1),
            "image_grid_thw": grids(len(views)),
        }

    def _shown(self, examples: Sequence[Example]) -> torch.Tensor:
        return self.views[[index for example in examples for index in example.pictures]]
