"""One checkpoint asked as the authors' model card asks it: `generate`, a picture at a time."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from transformers import (
    BatchFeature,
    Qwen2Tokenizer,
    Qwen2VLImageProcessorPil,
    Qwen3VLForConditionalGeneration,
)

from hikari_serve.engines.checkpoints import DTYPES
from hikari_serve.labels.label_set import Label
from hikari_serve.pictures.view import Preprocessing
from hikari_serve.prompts.layout import Reference
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig

SLOT = "<|image_pad|>"
FUZZY_CUT = 50
"""Score below which the card's `match_disease` says that it does not know."""


class CardModel:
    """The card's snippet around one checkpoint, with the prompt of the model's configuration."""

    def __init__(
        self,
        model: Qwen3VLForConditionalGeneration,
        tokenizer: Qwen2Tokenizer,
        pictures: Qwen2VLImageProcessorPil,
        settings: ClassifierConfig | DescriberConfig,
    ) -> None:
        self._settings = settings
        self._tokenizer = tokenizer
        self._pictures = pictures
        self._model = model
        self._slot_id = tokenizer.convert_tokens_to_ids(SLOT)

    @classmethod
    def load(cls, folder: Path, settings: ClassifierConfig | DescriberConfig) -> "CardModel":
        """Loads the checkpoint, on the CPU."""
        model = Qwen3VLForConditionalGeneration.from_pretrained(
            folder, dtype=DTYPES[settings.engine.dtype]
        )
        pictures = Qwen2VLImageProcessorPil.from_pretrained(folder)
        return cls(model, Qwen2Tokenizer.from_pretrained(folder), pictures, settings)

    @torch.no_grad()
    def ask(
        self,
        picture: Image.Image,
        max_new_tokens: int,
        inputs: Mapping[str, str] | None = None,
        cases: Sequence[tuple[Reference, Image.Image]] = (),
    ) -> str:
        """What the model writes behind its think block, decoded greedily.

        Args:
            picture: The query.
            max_new_tokens: Where the answer is cut.
            inputs: Labels that the prompt states.
            cases: Reference cases: their words and their views.
        """
        layout = self._settings.prompt
        inputs = inputs or {}
        messages = layout.messages(inputs, [words for words, _ in cases])
        query = view(picture, self._settings.preprocessing)
        order = layout.image_order(inputs, len(cases))
        images = [query if slot is None else cases[slot][1] for slot in order]

        text = self._tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        batch = self._processor(str(text), images).to(self._model.device)
        generate = cast(Any, self._model).generate
        out = generate(**batch, max_new_tokens=max_new_tokens, do_sample=False)
        new = out[:, batch["input_ids"].shape[1] :]
        written = self._tokenizer.batch_decode(new, skip_special_tokens=True)[0]
        return str(written).rpartition("</think>")[2].strip()

    def _processor(self, text: str, images: list[Image.Image]) -> BatchFeature:
        """What the card's `processor(text=..., images=...)` does with pictures.

        The card's AutoProcessor needs torchvision, for videos.
        """
        features = self._pictures(images, return_tensors="pt")
        merged = self._pictures.merge_size**2
        before, *after = text.split(SLOT)
        counts = [int(grid.prod()) // merged for grid in features["image_grid_thw"]]
        text = before + "".join(
            SLOT * count + words for count, words in zip(counts, after, strict=True)
        )
        tokens = self._tokenizer([text], return_tensors="pt")
        kinds = (tokens["input_ids"] == self._slot_id).int()  # 1 where a picture's token is
        return BatchFeature({**tokens, "mm_token_type_ids": kinds, **features})


def view(picture: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    """The picture in the size that the weights were trained on."""
    small = picture.copy()
    if preprocessing.max_side is not None:
        small.thumbnail((preprocessing.max_side,) * 2, Image.Resampling.LANCZOS)
    return small


def match(written: str, labels: Sequence[Label]) -> Label | None:
    """The label that the card's fuzzy matching reads out of an answer."""
    from rapidfuzz import process  # the snippet's own; machines that only measure speed lack it

    answers = [label.answer for label in labels]
    best = process.extractOne(written, answers, score_cutoff=FUZZY_CUT)
    return labels[best[2]] if best else None
