"""What a checkpoint's `config.json` says that an engine must agree with before it starts."""

import json
from pathlib import Path
from typing import Any

from hikari_serve.engines.chat import MAX_THINKING, Chat
from hikari_serve.engines.contract import Opening
from hikari_serve.errors import ConfigError

CLOSING_TOKENS = 8
"""Room for `</think>` and the blank line behind it."""


def read_checkpoint_config(folder: Path) -> dict[str, Any]:
    """What `config.json` says.

    Raises:
        ConfigError: It is missing or broken.
    """
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder} is no complete checkpoint: config.json: {error}") from None
    if not isinstance(config, dict):
        raise ConfigError(f"{folder} is no complete checkpoint: config.json is no object")
    return config


def check_image_token(folder: Path, chat: Chat) -> None:
    """Compares the token that stands for a picture.

    Raises:
        ConfigError: The model and the tokenizer call it by different ids, or there is no
            `config.json`.
    """
    if read_checkpoint_config(folder).get("image_token_id") != chat.image:
        raise ConfigError(f"{folder}: config.json and the tokenizer differ in `image_token_id`")


def stored_quantization(folder: Path) -> str | None:
    """How the weights were compressed before they were saved; None if they were not.

    Raises:
        ConfigError: There is no `config.json`, or it is broken.
    """
    found = read_checkpoint_config(folder).get("quantization_config") or {}
    if not isinstance(found, dict):
        raise ConfigError(f"{folder}: config.json: `quantization_config` is no object")
    method: str | None = found.get("quant_method")
    return method


def longest_sequence(opening: Opening, *, reserve: int = 0) -> int:
    """Tokens of the longest prompt with its thoughts and its answer.

    Args:
        opening: What the configuration says.
        reserve: Tokens that the engine keeps for itself.

    Raises:
        ConfigError: The checkpoint has no positions for that many, or no `config.json`.
    """
    thoughts = MAX_THINKING if opening.thinking == "natural" else 0
    longest = opening.max_context + thoughts + CLOSING_TOKENS + opening.max_new_tokens
    longest += reserve
    config = read_checkpoint_config(opening.folder)
    positions = config.get("text_config", config).get("max_position_embeddings", longest)
    if longest > positions:
        raise ConfigError(
            f"`limits`: {opening.max_context} tokens of a prompt, {thoughts} of thoughts and "
            f"{opening.max_new_tokens} of an answer do not fit into the {positions} positions of "
            "this checkpoint: lower `max_context_tokens` or `max_new_tokens`"
        )
    return longest
