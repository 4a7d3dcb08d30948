"""A model with random weights, and the configurations whose questions it is asked."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    Qwen2Tokenizer,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

from benchmarks.qwen import qwen_tokenizer
from demo.training.architecture import view_processor, vision_language_model
from hikari_serve.engines.chat import Chat
from hikari_serve.planning.architecture import SHIPPED

SIDE = 672
"""Side of a picture in pixels: the size that the disease and caption models were trained on."""

IDS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is measured.

    Attributes:
        name: What it is, for the report.
        model: The weights, on their device. One model answers for all stages: their shapes are
            the same.
        tokenizer: Its words.
        pictures: Cuts its pictures.
        chat: The words as the engine knows them.
        group: The group model's name in the repository.
        disease: The disease model's.
        caption: The caption model's.
        side: Longest side of a picture in pixels.
    """

    name: str
    model: Qwen3VLForConditionalGeneration
    tokenizer: Qwen2Tokenizer
    pictures: Qwen2VLImageProcessorPil
    chat: Chat
    group: str
    disease: str
    caption: str
    side: int


def eight_billion(device: torch.device, folder: Path) -> Subject:
    """Qwen3-VL-8B in bfloat16, with Qwen's own vocabulary.

    Args:
        device: Where it lives.
        folder: Takes the tokenizer's files.
    """
    tokenizer = qwen_tokenizer()
    tokenizer.save_pretrained(folder)
    content: dict[str, Any] = json.loads(SHIPPED.read_bytes())
    ids = {field: tokenizer.convert_tokens_to_ids(token) for field, token in IDS.items()}
    config = Qwen3VLConfig.from_dict({**content, **ids})
    torch.manual_seed(0)
    with device:
        model = Qwen3VLForConditionalGeneration._from_config(  # type: ignore[no-untyped-call]
            config, dtype=torch.bfloat16
        )
    pictures = Qwen2VLImageProcessorPil(
        patch_size=16,
        merge_size=2,
        temporal_patch_size=2,
        size={"shortest_edge": 65_536, "longest_edge": 16_777_216},
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )
    chat = Chat(folder)
    return Subject(
        name="Qwen3-VL-8B, random weights, bfloat16",
        model=_endless(model, chat),
        tokenizer=tokenizer,
        pictures=pictures,
        chat=chat,
        group="subaru",
        disease="sirius",
        caption="vega",
        side=SIDE,
    )


def tiny(device: torch.device, models: Path) -> Subject:
    """The demo family's shapes in float32: the same way through everything, in seconds.

    Args:
        device: Where it lives.
        models: The repository with the demo family.
    """
    folder = models / "demo_disease" / "1"
    tokenizer = Qwen2Tokenizer.from_pretrained(folder)
    torch.manual_seed(0)
    model = vision_language_model(tokenizer)
    model.to(device)  # type: ignore[arg-type]
    chat = Chat(folder)
    return Subject(
        name="the demo family's shapes, random weights, float32",
        model=_endless(model, chat),
        tokenizer=tokenizer,
        pictures=view_processor(),
        chat=chat,
        group="demo_group",
        disease="demo_disease",
        caption="demo_caption",
        side=128,
    )


def _endless(model: Qwen3VLForConditionalGeneration, chat: Chat) -> Qwen3VLForConditionalGeneration:
    """Lets the model never choose a token that ends its answer, so that lengths are as asked."""
    with torch.no_grad():
        model.lm_head.weight[sorted({*chat.stops, chat.think_end})] = (
            0  # some other is always above 0
        )
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = min(chat.stops)
    model.eval()  # type: ignore[no-untyped-call]
    return model
