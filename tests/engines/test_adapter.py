"""An adapter is checked against its base before an engine reads it."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from hikari_serve.engines.adapter import read_adapter
from hikari_serve.errors import ConfigError

PLACE = "base_model.model.model.language_model.layers.0.self_attn.q_proj"
EYE = "base_model.model.model.visual.blocks.0.attn.qkv"


def pair(place: str, inputs: int, outputs: int, rank: int = 4) -> dict[str, torch.Tensor]:
    return {
        f"{place}.lora_A.weight": torch.zeros(rank, inputs),
        f"{place}.lora_B.weight": torch.zeros(outputs, rank),
    }


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    weights = {
        "model.language_model.layers.0.self_attn.q_proj.weight": torch.zeros(8, 6),
        "model.visual.blocks.0.attn.qkv.weight": torch.zeros(12, 4),
    }
    save_file(weights, folder / "model.safetensors")
    return folder


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4, "rank_pattern": {"qkv": 9}}))
    save_file(pair(PLACE, 6, 8), folder / "adapter_model.safetensors")
    return folder


def test_one_that_fits(adapter: Path, base: Path) -> None:
    found = read_adapter(adapter, base, tower=False, remedy="switch it on")
    assert (found.folder, found.rank) == (adapter, 9)


def test_the_vision_tower_needs_its_switch(adapter: Path, base: Path) -> None:
    save_file(pair(PLACE, 6, 8) | pair(EYE, 4, 12), adapter / "adapter_model.safetensors")
    assert read_adapter(adapter, base, tower=True, remedy="switch it on").rank == 9
    with pytest.raises(ConfigError, match=r"2 tensors, first .*qkv.*drop that: switch it on"):
        read_adapter(adapter, base, tower=False, remedy="switch it on")


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        (pair(PLACE, 6, 10), r"by \[10, 6\], but the weight is \[8, 6\]; set `base`"),
        (pair(PLACE.replace("layers.0", "layers.7"), 6, 8), "layers.7.*there is no such weight"),
    ],
)
def test_another_base(
    adapter: Path, base: Path, tensors: dict[str, torch.Tensor], sentence: str
) -> None:
    save_file(tensors, adapter / "adapter_model.safetensors")
    with pytest.raises(ConfigError, match=f"does not fit the base .*{sentence}"):
        read_adapter(adapter, base, tower=False, remedy="switch it on")


def test_a_dora_is_refused(adapter: Path, base: Path) -> None:
    magnitude = {f"{PLACE}.lora_magnitude_vector.weight": torch.zeros(8)}
    save_file(pair(PLACE, 6, 8) | magnitude, adapter / "adapter_model.safetensors")
    with pytest.raises(ConfigError, match=r"more than a LoRA: .*magnitude_vector.* is no matrix"):
        read_adapter(adapter, base, tower=False, remedy="switch it on")


@pytest.mark.parametrize(
    ("tensors", "sentence"),
    [
        (pair(PLACE, 6, 8) | {"base_model.model.lm_head.weight": torch.zeros(9, 6)}, "lm_head"),
        (
            pair(PLACE, 6, 8) | {f"{PLACE}.lora_embedding_A": torch.zeros(4, 6)},
            "lora_embedding_A is none of a pair",
        ),
        ({f"{PLACE}.lora_B.weight": torch.zeros(8, 4)}, "lora_B.weight is none of a pair"),
        ({f"{PLACE}.lora_A.weight": torch.zeros(4, 6)}, "lora_A.weight is none of a pair"),
        (pair(PLACE, 6, 8, rank=64), r"has rank 64, but adapter_config.json says 4 or 9"),
        ({}, "adapter_model.safetensors is empty"),
    ],
)
def test_what_an_engine_would_read_half_of(
    adapter: Path, base: Path, tensors: dict[str, torch.Tensor], sentence: str
) -> None:
    save_file(tensors, adapter / "adapter_model.safetensors")
    with pytest.raises(ConfigError, match=sentence):
        read_adapter(adapter, base, tower=True, remedy="switch it on")


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_broken_base_is_named(adapter: Path, base: Path, file: str) -> None:
    (base / file).write_text("{")
    with pytest.raises(ConfigError, match=f"{base} is no complete checkpoint: {file}"):
        read_adapter(adapter, base, tower=False, remedy="switch it on")


def test_the_shapes_of_quantised_weights_tell_nothing(adapter: Path, base: Path) -> None:
    (base / "config.json").write_text(json.dumps({"quantization_config": {}}))
    save_file(pair(PLACE, 6, 10), adapter / "adapter_model.safetensors")
    assert read_adapter(adapter, base, tower=False, remedy="switch it on").rank == 9


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("adapter_model.safetensors", None, "adapter_model.safetensors is missing"),
        ("adapter_config.json", None, "adapter_config.json is missing"),
        ("adapter_config.json", b"{}", "is no adapter: KeyError"),
        ("adapter_config.json", b"{", "is no adapter"),
        ("adapter_config.json", b"[]", "is no adapter"),
        ("adapter_config.json", b'{"r": 4, "rank_pattern": [9]}', "is no adapter"),
        ("adapter_model.safetensors", b"pickle", "is no adapter"),
    ],
)
def test_what_is_no_adapter(
    adapter: Path, base: Path, file: str, content: bytes | None, sentence: str
) -> None:
    (adapter / file).unlink()
    if content is not None:
        (adapter / file).write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        read_adapter(adapter, base, tower=False, remedy="switch it on")
