import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from hikari_serve.engines.contract import Opening
from hikari_serve.engines.registry import open_engine
from hikari_serve.errors import ConfigError, EngineFailed
from tests.engines.sglang.conftest import Open
from tests.engines.sglang.fake import Engine


def test_the_configuration_in_sglangs_words(opened: Open) -> None:
    engine = opened(parameters={"quantization": "fp8", "mem_fraction_static": 0.4})
    assert engine.release == "sglang 0.5.23"
    assert engine.quantization == "fp8"
    arguments = vars(engine._engine.server_args)
    assert arguments["quantization"] == "fp8"
    assert arguments["mem_fraction_static"] == 0.4
    assert arguments["context_length"] == 128 + 8 + 64 + 8
    assert engine.max_work == arguments["context_length"]
    assert arguments["max_running_requests"] == 4


def test_a_second_gpu(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert opened(device="cuda:1")._engine.server_args.base_gpu_id == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"parameters": {"mem_fraction_statc": 0.4}}, "did you mean `mem_fraction_static`"),
        ({"parameters": {"zzzz": 1}}, "no argument of SGLang's engine; see its ServerArgs"),
        ({"parameters": {"context_length": 9}}, "max_context_tokens` and .*leave it out"),
        ({"parameters": {"skip_tokenizer_init": True}}, "is fixed, because"),
        ({"parameters": {"quantization": "fp9"}}, "no quantisation 'fp9'; did you mean `fp8`"),
        ({"parameters": {"enable_memory_saver": True}}, "`engine.turns` says that"),
        ({"device": "cpu"}, "SGLang needs a GPU: set `cuda`"),
        ({"device": "cuda:3"}, "no device 'cuda:3', but 1 GPUs"),
    ],
)
def test_what_is_wrong_is_said_before_sglang_starts(
    installed: None, opening: Opening, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError, match=f"model 'colours': .*{sentence}"):
        open_engine("sglang", replace(opening, **changes))


def test_too_few_positions(installed: None, opening: Opening, tmp_path: Path) -> None:
    folder = shutil.copytree(opening.folder, tmp_path / "short")
    config = json.loads((folder / "config.json").read_bytes())
    config["text_config"]["max_position_embeddings"] = 199
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ConfigError, match="do not fit into the 199 positions"):
        open_engine("sglang", replace(opening, folder=folder))


def test_a_failed_start_is_a_sentence(
    installed: None, opening: Opening, monkeypatch: pytest.MonkeyPatch, opened: Open
) -> None:
    start = Engine.__init__

    def broken(self: Engine, **arguments: object) -> None:
        raise RuntimeError("Rank 0 scheduler died during initialization")

    monkeypatch.setattr(Engine, "__init__", broken)
    with pytest.raises(EngineFailed, match="could not start: Rank 0 scheduler died"):
        open_engine("sglang", opening)
    monkeypatch.setattr(Engine, "__init__", start)
    assert opened()


def adapter(folder: Path, *names: str) -> Path:
    """A LoRA adapter of rank 2 for the taught checkpoint, as PEFT saves one."""
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"r": 2, "peft_type": "LORA"}))
    tensors = {}
    for name in names:
        tensors[f"base_model.model.{name}.lora_A.weight"] = torch.zeros(2, 64)
        tensors[f"base_model.model.{name}.lora_B.weight"] = torch.zeros(64, 2)
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


def test_an_adapter_is_named_after_its_model(opened: Open, tmp_path: Path) -> None:
    folder = adapter(tmp_path / "lora", "model.language_model.layers.0.self_attn.q_proj")
    engine = opened(adapter=folder)
    arguments = engine._engine.server_args
    assert (arguments.enable_lora, arguments.lora_paths) == (True, {"colours": str(folder)})
    assert engine._adapter == "colours"


def test_an_adapter_that_sglang_would_halve(
    installed: None, opening: Opening, tmp_path: Path
) -> None:
    folder = adapter(tmp_path / "lora", "model.visual.merger.linear_fc1")
    with pytest.raises(ConfigError, match=r"changes the vision tower .* set `backend: vllm`"):
        open_engine("sglang", replace(opening, adapter=folder))


def test_the_package_must_be_there(opening: Opening) -> None:
    with pytest.raises(ConfigError, match="'colours': the package sglang is not installed"):
        open_engine("sglang", opening)
