"""A LoRA adapter, checked against its base before an engine silently serves half of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from hikari_serve.engines.checkpoint_config import read_checkpoint_config
from hikari_serve.errors import ConfigError

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
"""The two files of an adapter, as PEFT saves them."""

FIRST, SECOND = ".lora_A.weight", ".lora_B.weight"
"""How the names of the two matrices end that are added to a weight together."""

TOWER = "visual"
"""The part of a tensor's name that says it belongs to the vision tower."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter that fits its base.

    Attributes:
        folder: Where it lies.
        rank: The largest rank that its configuration names; no matrix has a larger one.
    """

    folder: Path
    rank: int


def read_adapter(folder: Path, base: Path, *, tower: bool, remedy: str) -> Adapter:
    """Reads an adapter's shapes and checks them.

    Args:
        folder: The adapter, as PEFT saves it.
        base: The checkpoint that it changes.
        tower: Whether the engine applies adapters to the vision tower; one that does not drops
            those weights, with no more than a warning, and answers differently.
        remedy: What to do about an adapter that needs it, for the error.

    Raises:
        ConfigError: A file is missing or broken, here or in the base; the adapter does not fit
            the base, is more than pairs of matrices, or has weights that would be dropped.
    """
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ConfigError(f"{folder} is no adapter: {name} is missing")
    try:
        ranks = _ranks(json.loads((folder / CONFIG).read_bytes()))
        shapes = _shapes(folder / WEIGHTS)
    except (AttributeError, KeyError, TypeError, ValueError, SafetensorError) as error:
        raise ConfigError(f"{folder} is no adapter: {error!r}") from None
    seeing = [name for name in shapes if TOWER in name.split(".")]
    if seeing and not tower:
        raise ConfigError(
            f"{folder} changes the vision tower ({len(seeing)} tensors, first {seeing[0]}), but "
            f"the engine would drop that: {remedy}"
        )
    for name, shape in shapes.items():
        if len(shape) != 2:
            raise ConfigError(
                f"{folder} is more than a LoRA: {name} is no matrix (the magnitudes of a DoRA, or "
                "biases): merge it into its base"
            )
    _check_pairs(folder, shapes, ranks)
    _check_base(folder, shapes, base)
    return Adapter(folder, max(ranks))


def _ranks(config: dict[str, Any]) -> set[int]:
    """The ranks that a configuration names."""
    patterns = config.get("rank_pattern") or {}
    return {int(rank) for rank in (config["r"], *patterns.values())}


def _check_pairs(folder: Path, shapes: dict[str, list[int]], ranks: set[int]) -> None:
    """Refuses what is no pair of matrices, of which an engine reads a part or nothing."""
    if not shapes:
        raise ConfigError(f"{folder} is no adapter: {WEIGHTS} is empty")
    for name, (rows, columns) in shapes.items():
        first, second = name.endswith(FIRST), name.endswith(SECOND)
        other = name.removesuffix(FIRST) + SECOND if first else name.removesuffix(SECOND) + FIRST
        if not (first or second) or other not in shapes:
            raise ConfigError(
                f"{folder} is more than a LoRA: {name} is none of a pair of matrices lora_A and "
                "lora_B (a layer that was trained whole, or an embedding): merge it into its base"
            )
        rank = rows if first else columns
        if rank not in ranks:
            raise ConfigError(
                f"{folder} is no adapter: {name} has rank {rank}, but {CONFIG} says "
                f"{' or '.join(map(str, sorted(ranks)))}"
            )


def _shapes(path: Path) -> dict[str, list[int]]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118


def _check_base(folder: Path, shapes: dict[str, list[int]], base: Path) -> None:
    """Compares every pair of matrices with the weight that it is added to."""
    weights: dict[str, list[int]] = {}
    for path in base.glob("*.safetensors"):
        try:
            weights |= _shapes(path)
        except SafetensorError as error:
            raise ConfigError(f"{base} is no complete checkpoint: {path.name}: {error}") from None
    quantized = "quantization_config" in read_checkpoint_config(base)
    own = {_place(name): shape for name, shape in weights.items()}
    for name, (_, inputs) in shapes.items():
        if not name.endswith(FIRST):
            continue
        place = name.removesuffix(FIRST)
        outputs, _ = shapes[f"{place}{SECOND}"]
        found = own.get(_place(f"{place}.weight"))
        if found is None or not (quantized or found == [outputs, inputs]):
            there = "there is no such weight" if found is None else f"the weight is {found}"
            raise ConfigError(
                f"{folder} does not fit the base {base}: it changes {place} by "
                f"[{outputs}, {inputs}], but {there}; set `base` to the one it was trained on"
            )


def _place(name: str) -> str:
    """A weight's place in the model, without the wrappers that each library puts around it."""
    wrappers = ("base_model", "model", "language_model")
    return ".".join(part for part in name.split(".") if part not in wrappers)
