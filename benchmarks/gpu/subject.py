"""The checkpoint with random weights, and the configurations whose questions it is asked."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2Tokenizer, Qwen2VLImageProcessorPil, Qwen3VLConfig

from benchmarks.gpu.checkpoint import write_checkpoint
from benchmarks.gpu.labels import likely_tokens, read_settings, read_trie
from benchmarks.qwen import qwen_tokenizer
from hikari_serve.engines.chat import Chat
from hikari_serve.engines.checkpoints import load_image_processor
from hikari_serve.planning.architecture import SHIPPED
from hikari_serve.repository.schema import ClassifierConfig

PHOTO = 1536
"""Side in pixels of the pictures that are asked about, as a stage's preprocessing then reduces
them: the group model sees all of them, the others 672."""

IDS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}

NEVER = ("<|im_end|>", "<|endoftext|>", "</think>")
"""Tokens with which an answer would end early."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured. One checkpoint answers for all stages: their shapes are the same.

    Attributes:
        name: What it is, for the report.
        folder: Its files.
        dtype: Precision of weights and arithmetic.
        device: Where it computes, by torch's name.
        group: The group model's name in the repository.
        disease: The disease model's.
        caption: The caption model's.
        side: Side of a picture in pixels.
    """

    name: str
    folder: str
    dtype: str
    device: str
    group: str
    disease: str
    caption: str
    side: int


def eight_billion(folder: Path, models: Path) -> Subject:
    """Qwen3-VL-8B in bfloat16, with Qwen's own vocabulary; writes it if it is not there.

    Args:
        folder: Takes the checkpoint.
        models: The repository whose labels it finds likely.
    """
    tokenizer = qwen_tokenizer()
    content: dict[str, Any] = json.loads(SHIPPED.read_bytes())
    config = Qwen3VLConfig.from_dict({**content, **_ids(tokenizer)})
    pictures = load_image_processor(Qwen2VLImageProcessorPil, SHIPPED.parent)
    never = _never(tokenizer)
    likely = _likely(models, ("subaru", "sirius"), never)
    write_checkpoint(folder, config, tokenizer, pictures, never, likely, torch.bfloat16)
    return Subject(
        name="Qwen3-VL-8B, random weights, bfloat16 where not quantised",
        folder=str(folder),
        dtype="bfloat16",
        device="cuda",
        group="subaru",
        disease="sirius",
        caption="vega",
        side=PHOTO,
    )


def tiny(folder: Path, models: Path) -> Subject:
    """The demo family's shapes in float32: the same way through everything, on the CPU, in minutes.

    Args:
        folder: Takes the checkpoint.
        models: The repository with the demo family.
    """
    demo = models / "demo_disease" / "1"
    tokenizer = Qwen2Tokenizer.from_pretrained(demo)
    config = Qwen3VLConfig.from_pretrained(demo)
    pictures = load_image_processor(Qwen2VLImageProcessorPil, demo)
    never = _never(tokenizer)
    likely = _likely(models, ("demo_group", "demo_disease"), never)
    write_checkpoint(folder, config, tokenizer, pictures, never, likely, torch.float32)
    return Subject(
        name="the demo family's shapes, random weights, float32",
        folder=str(folder),
        dtype="float32",
        device="cpu",
        group="demo_group",
        disease="demo_disease",
        caption="demo_caption",
        side=128,
    )


def _ids(tokenizer: Qwen2Tokenizer) -> dict[str, Any]:
    return {field: tokenizer.convert_tokens_to_ids(token) for field, token in IDS.items()}


def _never(tokenizer: Qwen2Tokenizer) -> set[int]:
    ids: Any = tokenizer.convert_tokens_to_ids(list(NEVER))
    return set(ids)


def _likely(
    models: Path, names: tuple[str, str], never: set[int]
) -> Callable[[Chat], frozenset[int]]:
    """Names the tokens of some classifiers' labels, once there are words to write them in."""

    def likely(chat: Chat) -> frozenset[int]:
        asked = ((models / name, read_settings(models / name)) for name in names)
        tries = [
            read_trie(folder, settings, chat)
            for folder, settings in asked
            if isinstance(settings, ClassifierConfig)
        ]
        return likely_tokens(tries, never)

    return likely
