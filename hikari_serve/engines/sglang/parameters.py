"""From a model's configuration to the arguments of SGLang's engine.

`engine.parameters` takes the fields of SGLang's own `ServerArgs` by their own names. Only what
the configuration says elsewhere, and what the answers depend on, may not be set there.
"""

from collections.abc import Mapping
from typing import Any

from sglang.srt.server_args import QUANTIZATION_CHOICES, ServerArgs

from hikari_serve.engines.checkpoint_config import longest_sequence
from hikari_serve.engines.contract import Opening
from hikari_serve.engines.parameters import check_names
from hikari_serve.errors import ConfigError
from hikari_serve.hints import hint

SAID_ELSEWHERE = {
    "model_path": "the version's folder",
    "tokenizer_path": "the version's folder",
    "served_model_name": "the name of the model",
    "dtype": "`engine.dtype`",
    "device": "`engine.device`",
    "base_gpu_id": "`engine.device`",
    "context_length": "`limits.max_context_tokens` and `limits.max_new_tokens`",
    "limit_mm_data_per_request": "`limits.max_images`",
    "enable_memory_saver": "`engine.turns`",
    "enable_weights_cpu_backup": "`engine.turns`",
    "enable_lora": "`base`",
    "lora_paths": "`base`",
}
"""Arguments that the configuration sets by other fields, and which those are."""

NEEDED = {
    "skip_tokenizer_init": "SGLang's picture processor comes with the tokenizer",
    "tokenizer_worker_num": "requests come from this process alone",
    "is_embedding": "answers are written and scored",
    "incremental_streaming_output": "streams are read as all tokens so far",
    "allow_auto_truncate": "a prompt is never cut",
    "enable_priority_scheduling": "requests have priorities",
    "schedule_low_priority_values_first": "priority 1 is served first",
}
"""Arguments that have only one right value, and why."""

RESERVE = 8
"""Tokens of its context that SGLang keeps for itself (`max_req_input_len` is 6 below it)."""


def check_parameters(parameters: Mapping[str, Any]) -> None:
    """Checks `engine.parameters` against SGLang's own arguments.

    Raises:
        ConfigError: One is no argument of SGLang's engine, is set elsewhere, or names a
            quantisation that SGLang has not.
    """
    check_names(
        parameters,
        ServerArgs.__struct_fields__,
        said_elsewhere=SAID_ELSEWHERE,
        needed=NEEDED,
        engine="SGLang",
        listed_in="ServerArgs",
    )
    wanted = parameters.get("quantization")
    if wanted is not None and wanted not in QUANTIZATION_CHOICES:
        nearest = hint(str(wanted), QUANTIZATION_CHOICES, otherwise="`fp8` is one that it has")
        raise ConfigError(
            f"`engine.parameters.quantization`: SGLang has no quantisation '{wanted}'; {nearest}"
        )


def engine_arguments(opening: Opening) -> dict[str, Any]:
    """The arguments for a checkpoint.

    Args:
        opening: What the configuration says.

    Raises:
        ConfigError: A parameter is wrong, or the prompts do not fit the checkpoint.
    """
    check_parameters(opening.parameters)
    arguments: dict[str, Any] = {
        "model_path": str(opening.folder),
        "served_model_name": opening.model,
        "dtype": opening.dtype,
        "device": "cuda",
        "base_gpu_id": int(opening.device.partition(":")[2] or 0),
        "context_length": longest_sequence(opening, reserve=RESERVE),
        "max_running_requests": opening.max_batch,
        "enable_priority_scheduling": True,
        "schedule_low_priority_values_first": True,
        "log_level": "warning",
        "random_seed": 0,
    }
    if opening.turns:
        # without the backup its weights would be gone when it wakes
        arguments |= {"enable_memory_saver": True, "enable_weights_cpu_backup": True}
    if opening.adapter:
        arguments |= {"enable_lora": True, "lora_paths": {opening.model: str(opening.adapter)}}
    return {**arguments, **opening.parameters}
