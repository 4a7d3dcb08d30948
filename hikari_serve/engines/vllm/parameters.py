"""From a model's configuration to the arguments of vLLM's engine.

`engine.parameters` takes the fields of vLLM's own `AsyncEngineArgs` by their own names. Only what
the configuration says elsewhere, and what the scores depend on, may not be set there.
"""

import dataclasses
from collections.abc import Mapping
from importlib.util import find_spec
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from vllm.engine.arg_utils import AsyncEngineArgs

from hikari_serve.engines.checkpoint_config import stored_quantization
from hikari_serve.engines.contract import Opening
from hikari_serve.engines.parameters import check_names
from hikari_serve.engines.vllm.budget import Budget
from hikari_serve.errors import ConfigError

SAID_ELSEWHERE = {
    "model": "the version's folder",
    "tokenizer": "the version's folder",
    "served_model_name": "the name of the model",
    "dtype": "`engine.dtype`",
    "max_model_len": "`limits.max_context_tokens` and `limits.max_new_tokens`",
    "limit_mm_per_prompt": "`limits.max_images`",
    "device_ids": "`engine.device`",
    "enable_sleep_mode": "`engine.turns`",
    "enable_lora": "`base`",
    "default_mm_loras": "`base`",
}
"""Arguments that the configuration sets by other fields, and which those are."""

NEEDED = {
    "skip_tokenizer_init": "vLLM's picture processor reads the tokenizer",
    "logprobs_mode": "scores are log-probabilities of the model's whole vocabulary",
    "generation_config": "answers are decoded greedily",
    "scheduling_policy": "requests have priorities",
}
"""Arguments that have only one right value, and why."""

LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks that vLLM 0.32 has room for (`vllm.config.lora.MaxLoRARanks`)."""


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Checks `engine.parameters` against the fields of vLLM's own arguments.

    Raises:
        ConfigError: One is no argument of vLLM's engine, is set elsewhere, or has a value of
            another type.
    """
    types: dict[str, Any] = {
        field.name: field.type for field in dataclasses.fields(AsyncEngineArgs)
    }
    check_names(
        parameters,
        types,
        said_elsewhere=SAID_ELSEWHERE,
        needed=NEEDED,
        engine="vLLM",
        listed_in="AsyncEngineArgs",
    )
    for name, value in parameters.items():
        if value is not None and _is_plain(types[name]):
            try:
                TypeAdapter(types[name]).validate_python(value)
            except ValidationError as error:
                first = error.errors()[0]
                raise ConfigError(
                    f"`engine.parameters.{name}` is {value!r}: {first['msg']}"
                ) from None


def _is_plain(kind: Any) -> bool:
    """Whether a type is made of numbers, words and choices only; vLLM checks the others."""
    if get_origin(kind) in (Union, UnionType):
        return all(_is_plain(part) for part in get_args(kind))
    return kind in (bool, int, float, str, NoneType) or get_origin(kind) is Literal


def engine_arguments(opening: Opening, *, lora_rank: int = 0) -> AsyncEngineArgs:
    """The arguments for a checkpoint.

    Args:
        opening: What the configuration says.
        lora_rank: Rank of the adapter that is served; 0 without one.

    Raises:
        ConfigError: A parameter is wrong, or the prompts do not fit the checkpoint.
    """
    check_parameters(opening.parameters)
    _check_bitsandbytes(opening)
    budget = Budget.of(opening)
    kind, _, number = opening.device.partition(":")
    sleeps = opening.turns and kind != "cpu"  # vLLM has no sleep there
    arguments: dict[str, Any] = {
        "model": str(opening.folder),
        "served_model_name": opening.model,
        "dtype": opening.dtype,
        "max_model_len": budget.max_model_len,
        "max_num_seqs": budget.max_num_seqs,
        "max_num_batched_tokens": budget.max_num_batched_tokens,
        "limit_mm_per_prompt": {"image": opening.max_images, "video": 0},
        "mm_processor_cache_gb": 1,
        "generation_config": "vllm",
        "scheduling_policy": "priority",
        "enable_log_requests": False,
        "seed": 0,
        "enable_sleep_mode": sleeps,
        "sleep_mode_offload_cudagraph": sleeps,  # a sleeper keeps its CUDA context, and no more
    }
    if number:
        arguments["device_ids"] = [int(number)]  # of those that CUDA_VISIBLE_DEVICES shows
    if kind == "cpu":
        # vLLM's CPU kernels take blocks of 32 tokens and nothing is compiled for them
        arguments |= {"enforce_eager": True, "block_size": 32}
    if lora_rank > LORA_RANKS[-1]:
        raise ConfigError(f"the adapter has rank {lora_rank}; vLLM serves {LORA_RANKS[-1]} at most")
    if lora_rank:
        arguments |= {
            "enable_lora": True,
            "max_loras": 1,
            "max_lora_rank": min(rank for rank in LORA_RANKS if rank >= lora_rank),
        }
    pictures = {
        # the same pixels as the transformers engine: torchvision scales a little differently
        "use_fast": False,
        "size": {"shortest_edge": budget.min_pixels, "longest_edge": budget.max_pixels},
        **(opening.parameters.get("mm_processor_kwargs") or {}),
    }
    return AsyncEngineArgs(**{**arguments, **opening.parameters, "mm_processor_kwargs": pictures})


def _check_bitsandbytes(opening: Opening) -> None:
    wanted = opening.parameters.get("quantization", stored_quantization(opening.folder))
    if wanted != "bitsandbytes":
        return
    if find_spec("vllm_bnb_plugin") is None:
        raise ConfigError(
            "BitsAndBytes needs vLLM's plugin for it: pip install '.[vllm]' in the checkout"
        )
    if opening.dtype == "float32":
        # the plugin 0.0.3 takes a weight for two of 4 bits only where the others have two bytes
        raise ConfigError("BitsAndBytes on vLLM needs `engine.dtype: bfloat16` (or float16)")
