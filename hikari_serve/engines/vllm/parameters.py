"""From a model's configuration to the arguments of vLLM's engine.

`engine.parameters` takes the fields of vLLM's own `AsyncEngineArgs` by their own names. Only what
the configuration says elsewhere, and what the scores depend on, may not be set there.
"""

import dataclasses
import difflib
import json
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from vllm.engine.arg_utils import AsyncEngineArgs

from hikari_serve.engines.chat import MAX_THINKING
from hikari_serve.engines.opening import Opening
from hikari_serve.errors import ConfigError

SAID_ELSEWHERE = {
    "model": "the version's folder",
    "tokenizer": "the version's folder",
    "served_model_name": "the name of the model",
    "dtype": "`engine.dtype`",
    "max_model_len": "`limits.max_context_tokens` and `limits.max_new_tokens`",
    "limit_mm_per_prompt": "`limits.max_images`",
    "enable_lora": "`adapter`",
    "lora_modules": "`adapter`",
    "default_mm_loras": "`adapter`",
}
"""Arguments that the configuration sets by other fields, and which those are."""

NEEDED = {
    "skip_tokenizer_init": "vLLM's picture processor reads the tokenizer",
    "logprobs_mode": "scores are log-probabilities of the model's whole vocabulary",
    "generation_config": "answers are decoded greedily",
    "scheduling_policy": "requests have priorities",
}
"""Arguments that have only one right value, and why."""

CLOSING_TOKENS = 8
"""Room for `</think>` and the blank line behind it."""

LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM 0.32 has room for (`vllm.config.lora.MaxLoRARanks`)."""


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Checks the names of `engine.parameters` against vLLM's own.

    Raises:
        ConfigError: One is no argument of vLLM's engine, or is set elsewhere.
    """
    known = {argument.name for argument in dataclasses.fields(AsyncEngineArgs)}
    for name in parameters:
        where = f"`engine.parameters.{name}`"
        if name in SAID_ELSEWHERE:
            raise ConfigError(f"{where}: {SAID_ELSEWHERE[name]} says that; leave it out")
        if name in NEEDED:
            raise ConfigError(f"{where} is fixed, because {NEEDED[name]}; leave it out")
        if name not in known:
            close = difflib.get_close_matches(name, sorted(known), n=1)
            hint = f"did you mean `{close[0]}`?" if close else "see its AsyncEngineArgs"
            raise ConfigError(f"{where} is no argument of vLLM's engine; {hint}")


def engine_arguments(opening: Opening, *, lora_rank: int = 0) -> AsyncEngineArgs:
    """The arguments for a checkpoint.

    Args:
        opening: What the configuration says.
        lora_rank: Rank of the adapter that is served; 0 without one.

    Raises:
        ConfigError: A parameter is wrong, or the prompts do not fit the checkpoint.
    """
    check_parameters(opening.parameters)
    _require_bitsandbytes_plugin(opening)
    arguments: dict[str, Any] = {
        "model": str(opening.folder),
        "served_model_name": opening.model,
        "dtype": opening.dtype,
        "max_model_len": _longest(opening),
        "max_num_seqs": opening.max_batch,
        "limit_mm_per_prompt": {"image": opening.max_images, "video": 0},
        # the same pixels as the transformers engine: torchvision scales a little differently
        "mm_processor_kwargs": {"use_fast": False},
        "mm_processor_cache_gb": 1,
        "generation_config": "vllm",
        "scheduling_policy": "priority",
        "enable_log_requests": False,
        "seed": 0,
    }
    if opening.device == "cpu":
        # vLLM's CPU kernels take blocks of 32 tokens and nothing is compiled for them
        arguments |= {"enforce_eager": True, "block_size": 32}
    if lora_rank:
        arguments |= {
            "enable_lora": True,
            "max_loras": 1,
            "max_lora_rank": min(rank for rank in LORA_RANKS if rank >= lora_rank),
        }
    return AsyncEngineArgs(**{**arguments, **opening.parameters})


def _longest(opening: Opening) -> int:
    """Tokens of the longest prompt with its thoughts and its answer.

    Raises:
        ConfigError: The checkpoint has no positions for that many.
    """
    thoughts = MAX_THINKING if opening.thinking == "natural" else 0
    longest = opening.max_context + thoughts + CLOSING_TOKENS + opening.max_new_tokens
    config = json.loads((opening.folder / "config.json").read_bytes())
    positions = config.get("text_config", config).get("max_position_embeddings", longest)
    if longest > positions:
        raise ConfigError(
            f"`limits`: {opening.max_context} tokens of a prompt, {thoughts} of thoughts and "
            f"{opening.max_new_tokens} of an answer do not fit into the {positions} positions of "
            "this checkpoint: lower `max_context_tokens` or `max_new_tokens`"
        )
    return longest


def _require_bitsandbytes_plugin(opening: Opening) -> None:
    config = json.loads((opening.folder / "config.json").read_bytes())
    stored = config.get("quantization_config", {}).get("quant_method")
    wanted = opening.parameters.get("quantization", stored)
    if wanted == "bitsandbytes" and find_spec("vllm_bnb_plugin") is None:
        raise ConfigError(
            "BitsAndBytes needs vLLM's plugin for it: pip install 'hikari-serve[vllm]'"
        )
