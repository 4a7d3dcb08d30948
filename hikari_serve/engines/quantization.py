"""Writes a checkpoint anew with the language model's linear layers in 4 bit (NF4).

One tensor is read at a time, and what one file becomes is in memory until it is written: 17 GB of
weights need no 17 GB of memory. The vision tower, the embeddings and the head keep their precision.
The files are what bitsandbytes' own layers would have saved, which transformers and vLLM both load.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from hikari_serve.errors import ConfigError
from hikari_serve.labels.calibration import CALIBRATION_FILE
from hikari_serve.repository.digest import weights_digest
from hikari_serve.repository.record import RECORD_FILE, read_record

SKIPPED = ["model.visual", "visual", "lm_head"]
"""Modules that stay as they are. Both spellings of the vision tower, because vLLM reads the one
and transformers the other."""

ORIGIN_FILE = "quantized.json"
"""Says what a quantised checkpoint was made of."""

INDEX_FILE = "model.safetensors.index.json"

Progress = Callable[[int, int], None]
"""Receives how many bytes of how many were read."""


def quantize(folder: Path, out: Path, progress: Progress) -> None:
    """Quantises the checkpoint in `folder` into a new folder `out`, which appears when it is whole.

    Runs on the first GPU, or without one on the CPU.

    Raises:
        ConfigError: bitsandbytes is not installed, the checkpoint is no Qwen3-VL or is quantised
            already, or `out` exists.
    """
    if find_spec("bitsandbytes") is None:
        raise ConfigError(
            "bitsandbytes is not installed: it is in vLLM's environment, which `make setup-gpu` "
            "makes"
        )
    config = _read_config(folder)
    if out.exists():
        raise ConfigError(f"{out} exists: name another folder with --out")
    with _beside(out) as partial:
        sizes = _write_shards(folder, partial, progress)
        _write_index(folder, partial, sizes)
        config["quantization_config"] = _described()
        (partial / "config.json").write_text(json.dumps(config, indent=2) + "\n")
        record = read_record(folder)
        origin = {
            "method": "bitsandbytes nf4, double quantised",
            "weights": weights_digest(folder),
            "hub": record.hub if record else None,
            "commit": record.commit if record else None,
        }
        (partial / ORIGIN_FILE).write_text(json.dumps(origin, indent=2) + "\n")
        _copy_the_rest(folder, partial)


def is_quantized(name: str, tensor: torch.Tensor) -> bool:
    """Whether a tensor of a Qwen3-VL checkpoint is the weight of a linear layer to quantise."""
    return (
        "language_model" in name
        and name.endswith("_proj.weight")
        and tensor.ndim == 2
        and tensor.is_floating_point()
    )


def _read_config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder} is no complete checkpoint: config.json: {error}") from None
    if config.get("model_type") != "qwen3_vl":
        raise ConfigError(f"{folder} is a '{config.get('model_type')}', not a 'qwen3_vl'")
    if "quantization_config" in config:
        raise ConfigError(f"{folder} is quantised already: quantise the weights that it came from")
    return config


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write_shards(folder: Path, partial: Path, progress: Progress) -> dict[str, dict[str, int]]:
    """Writes each file of weights under its own name; returns the bytes of each of its tensors."""
    shards = sorted(folder.glob("*.safetensors"))
    if not shards:
        raise ConfigError(f"{folder} is no complete checkpoint: it has no *.safetensors")
    total = sum(shard.stat().st_size for shard in shards)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    read = 0
    sizes = {}
    for shard in shards:
        tensors: dict[str, torch.Tensor] = {}
        with safe_open(shard, "pt") as file:
            for name in file.keys():  # noqa: SIM118 (it is no mapping)
                tensor = file.get_tensor(name)
                read += tensor.nbytes
                if is_quantized(name, tensor):
                    tensors |= _in_four_bits(name, tensor.to(device))
                else:
                    tensors[name] = tensor
                progress(min(read, total), total)
        save_file(tensors, partial / shard.name, {"format": "pt"})
        shutil.copymode(shard, partial / shard.name)  # safetensors lets only its owner read it
        sizes[shard.name] = {name: tensor.nbytes for name, tensor in tensors.items()}
    return sizes


def _in_four_bits(name: str, weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """A weight as a `Linear4bit` saves it: the packed bits, and beside them how to read them."""
    from bitsandbytes.functional import quantize_4bit

    packed, state = quantize_4bit(weight, compress_statistics=True, quant_type="nf4")
    return {
        name: packed.cpu(),
        **{f"{name}.{key}": value.cpu() for key, value in state.as_dict(packed=True).items()},
    }


def _write_index(folder: Path, partial: Path, sizes: dict[str, dict[str, int]]) -> None:
    if not (folder / INDEX_FILE).exists():
        return
    index = {
        "metadata": {"total_size": sum(sum(tensors.values()) for tensors in sizes.values())},
        "weight_map": {name: shard for shard, tensors in sizes.items() for name in tensors},
    }
    (partial / INDEX_FILE).write_text(json.dumps(index, indent=2) + "\n")


def _described() -> dict[str, Any]:
    from transformers import BitsAndBytesConfig

    settings = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_use_double_quant=True,
        llm_int8_skip_modules=SKIPPED,
    )
    described: dict[str, Any] = settings.to_dict()
    return described


def _copy_the_rest(folder: Path, partial: Path) -> None:
    """The tokenizer, the template and whatever else is true of the new weights too."""
    untrue = {RECORD_FILE, CALIBRATION_FILE}
    for path in folder.iterdir():
        if path.is_file() and path.name not in untrue and not (partial / path.name).exists():
            shutil.copy2(path, partial)
