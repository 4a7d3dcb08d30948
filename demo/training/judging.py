"""How well the trained models do on drawings that they have not seen."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from transformers import Qwen2Tokenizer, Qwen3VLForConditionalGeneration

from demo.training.batches import Collator
from demo.training.examples import EMPTY_THINKING, Example, Examples
from hikari_serve.drawing.captions import NAMES

Metrics = dict[str, float]


class Judge:
    """Asks a trained model about fresh drawings and compares its words with the truth."""

    def __init__(self, examples: Examples, collator: Collator, tokenizer: Qwen2Tokenizer) -> None:
        self._examples = examples
        self._collator = collator
        self._tokenizer = tokenizer
        self._queries = range(len(examples.cases))

    def group(self, model: Qwen3VLForConditionalGeneration) -> Metrics:
        return {"accuracy": self._exact(model, [self._examples.group(q) for q in self._queries])}

    def disease(self, model: Qwen3VLForConditionalGeneration) -> Metrics:
        """Accuracy alone, with references, and when all of those mislead."""
        make = self._examples
        right = [make.references(query, 3, misleading=False) for query in self._queries]
        wrong = [make.references(query, 3, misleading=True) for query in self._queries]
        asked = {
            "accuracy": [make.disease(q) for q in self._queries],
            "accuracy_3_references": [make.disease(q, right[q]) for q in self._queries],
            "accuracy_3_misleading": [make.disease(q, wrong[q]) for q in self._queries],
        }
        return {name: self._exact(model, examples) for name, examples in asked.items()}

    def caption(self, model: Qwen3VLForConditionalGeneration) -> Metrics:
        """How often the caption names the disease, and equals the true caption word for word."""
        cases = self._examples.cases
        alone = self._answers(model, [self._examples.caption(q) for q in self._queries])
        guided = self._answers(
            model, [self._examples.caption(q, cases[q].disease) for q in self._queries]
        )
        truth = [f"{EMPTY_THINKING}{case.caption}" for case in cases]
        return {
            "names_disease": _share(
                [
                    case.disease is None or NAMES[case.disease] in answer
                    for case, answer in zip(cases, alone, strict=True)
                ]
            ),
            "names_disease_guided": _share(
                [
                    case.disease is None or NAMES[case.disease] in answer
                    for case, answer in zip(cases, guided, strict=True)
                ]
            ),
            "word_for_word": _share([a == t for a, t in zip(alone, truth, strict=True)]),
        }

    def _exact(self, model: Qwen3VLForConditionalGeneration, examples: Sequence[Example]) -> float:
        given = self._answers(model, examples)
        wanted = [example.answer.removesuffix("<|im_end|>") for example in examples]
        return _share([a == b for a, b in zip(given, wanted, strict=True)])

    @torch.inference_mode()
    def _answers(
        self, model: Qwen3VLForConditionalGeneration, examples: Sequence[Example], size: int = 25
    ) -> list[str]:
        answers: list[str] = []
        for start in range(0, len(examples), size):
            batch = self._collator.prompts(examples[start : start + size])
            ids = cast(Any, model).generate(**batch, max_new_tokens=72)
            new = ids[:, batch["input_ids"].shape[1] :]
            answers += self._tokenizer.batch_decode(new, skip_special_tokens=True)
        return answers


def _share(hits: Sequence[bool]) -> float:
    return round(float(np.mean(hits)), 4)
