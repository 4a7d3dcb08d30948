"""The engine `transformers`, as the registry finds it."""

from collections.abc import Mapping
from typing import Any

from hikari_serve.engines.contract import LanguageEngine, Opening
from hikari_serve.errors import ConfigError

MAX_BATCH_TOKENS = 16_384
"""Tokens that one static batch reads at most, padding included: 8 prompts of the longest layout
(four 672 px pictures and their captions, about 2,200 tokens)."""


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Refuses all parameters; see `Backend.check_parameters`."""
    if parameters:
        raise ConfigError("`engine.parameters`: the transformers engine has none; leave it out")


def open_engine(opening: Opening) -> LanguageEngine:
    """Opens a checkpoint; see `Backend.open_engine`."""
    from hikari_serve.engines.transformers.engine import TransformersEngine  # imports torch

    check_parameters(opening.parameters)
    if opening.adapter:
        raise ConfigError("the transformers engine serves no adapters: set `backend: vllm`")
    return TransformersEngine.load(
        opening.folder,
        device=opening.device,
        dtype=opening.dtype,
        max_batch=opening.max_batch,
        max_context=opening.max_context,
        max_images=opening.max_images,
        max_work=MAX_BATCH_TOKENS,
        threads=opening.threads,
        thinking=opening.thinking,
    )
