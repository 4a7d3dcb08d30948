"""What is quantised, and what is refused; tests/vllm runs the result."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

from hikari_serve.engines import quantization
from hikari_serve.engines.quantization import is_quantized, quantize
from hikari_serve.errors import ConfigError
from hikari_serve.planning.architecture import SHIPPED, read_architecture

WEIGHTS = Path(__file__).parents[2] / "models" / "demo_group" / "1"


def test_exactly_the_language_models_linear_layers_are_quantised() -> None:
    with torch.device("meta"):
        config = Qwen3VLConfig.from_dict(json.loads(SHIPPED.read_bytes()))
        model = Qwen3VLForConditionalGeneration(config)  # type: ignore[no-untyped-call]
    chosen = [tensor for name, tensor in model.state_dict().items() if is_quantized(name, tensor)]
    assert sum(tensor.numel() for tensor in chosen) == read_architecture(SHIPPED).linear
    assert len(chosen) == 7 * 36


def test_a_missing_package_names_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantization, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"bitsandbytes is not installed.*`make setup-gpu`"):
        quantize(WEIGHTS, tmp_path / "out", lambda done, total: None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"quantization_config": {"quant_method": "fp8"}}, "is quantised already"),
        ({"model_type": "clip"}, "is a 'clip', not a 'qwen3_vl'"),
        (None, r"no complete checkpoint: config\.json"),
        ({}, r"it has no \*\.safetensors"),
    ],
)
def test_what_cannot_be_quantised_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, object] | None,
    message: str,
) -> None:
    monkeypatch.setattr(quantization, "find_spec", lambda name: "installed")
    folder = tmp_path / "weights"
    folder.mkdir()
    if change is not None:
        config = json.loads((WEIGHTS / "config.json").read_bytes())
        (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(ConfigError, match=message):
        quantize(folder, tmp_path / "out", lambda done, total: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights"]


def test_an_existing_folder_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "find_spec", lambda name: "installed")
    shutil.copytree(WEIGHTS, tmp_path / "out")
    with pytest.raises(ConfigError, match="exists: name another folder"):
        quantize(WEIGHTS, tmp_path / "out", lambda done, total: None)
