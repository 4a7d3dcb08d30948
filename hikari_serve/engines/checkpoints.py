"""From a checkpoint's folder to its model, tokenizer and image processor, or a sentence why not.

Only tensors are read and no code of the folder is ever run; what needs some says so and is loaded
elsewhere (`encoders.pictures`).
"""

import json
import sys
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, Qwen2Tokenizer
from transformers.image_processing_backends import PilBackend
from transformers.utils import logging as transformers_logging

from hikari_serve.errors import ConfigError

Model = TypeVar("Model", bound=PreTrainedModel)
Processor = TypeVar("Processor", bound=PilBackend)

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


def load_model(
    kind: type[Model],
    folder: Path,
    device: torch.device,
    dtype: str,
    *,
    pickled: bool = False,
    **more: Any,
) -> Model:
    """Loads a checkpoint's weights onto a device.

    Args:
        kind: Its class.
        folder: Its files.
        device: Where the weights live.
        dtype: Precision.
        pickled: Whether `pytorch_model.bin` will do too, which some older checkpoints have
            alone; torch reads it as tensors only, and refuses anything else that is in it.
        **more: What the class is made with besides its configuration.

    Raises:
        ConfigError: A file is missing, broken or of another architecture, or the weights do not
            cover the model.
    """
    _require_file(folder, "config.json")
    old = ["pytorch_model.bin"] if pickled else []
    _require_file(folder, "model.safetensors", "model.safetensors.index.json", *old)
    if dtype not in DTYPES:
        raise ConfigError(f"`engine.dtype` '{dtype}' is not one of {', '.join(DTYPES)}")
    if not sys.stderr.isatty():
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        _check_architecture(kind, folder)
        loaded: Any = kind.from_pretrained(
            folder,
            dtype=DTYPES[dtype],
            local_files_only=True,
            use_safetensors=None if pickled else True,
            weights_only=True,
            output_loading_info=True,
            **more,
        )
    except (
        AttributeError, ImportError, OSError, RuntimeError, SafetensorError, TypeError,
        UnpicklingError, ValueError,
    ) as error:  # fmt: skip
        raise ConfigError(f"{folder} cannot be loaded: {_first_line(error)}") from error
    model: Model
    model, report = loaded
    if missing := sorted(report["missing_keys"]):
        raise ConfigError(f"{folder}: the weights lack {len(missing)} tensors, first {missing[0]}")
    model.to(device)  # type: ignore[arg-type]
    return model


def load_tokenizer(folder: Path) -> Qwen2Tokenizer:
    """Loads a checkpoint's tokenizer with its chat template.

    Raises:
        ConfigError: A file is missing or broken.
    """
    _require_file(folder, "tokenizer.json", "vocab.json")
    try:
        tokenizer: Qwen2Tokenizer = Qwen2Tokenizer.from_pretrained(folder, local_files_only=True)
    except (AttributeError, KeyError, OSError, TypeError, ValueError) as error:
        raise ConfigError(f"{folder}: tokenizer: {_first_line(error)}") from error
    return tokenizer


def load_image_processor(kind: type[Processor], folder: Path) -> Processor:
    """Loads the settings of a checkpoint's image processor.

    Raises:
        ConfigError: The file is missing or broken.
    """
    _require_file(folder, "preprocessor_config.json", "processor_config.json")
    try:
        return kind.from_pretrained(folder, local_files_only=True)
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise ConfigError(f"{folder}: image processor: {_first_line(error)}") from error


def _require_file(folder: Path, *names: str) -> None:
    if not any((folder / name).is_file() for name in names):
        raise ConfigError(f"{folder} is no complete checkpoint: {' or '.join(names)} is missing")


def _check_architecture(kind: type[PreTrainedModel], folder: Path) -> None:
    """Refuses what transformers only warns of before it loads the weights that happen to fit."""
    config: Any = kind.config_class
    found = json.loads((folder / "config.json").read_bytes()).get("model_type")
    if found != config.model_type:
        raise ValueError(f"it is a '{found}', not a '{config.model_type}'")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
