"""`engine.parameters` against vLLM's own arguments, and settings that vLLM cannot keep."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest
from vllm import AsyncEngineArgs
from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS

from hikari_serve.engines.registry import open_engine
from hikari_serve.engines.vllm.parameters import (
    NEEDED,
    SAID_ELSEWHERE,
    check_parameters,
    engine_arguments,
)
from hikari_serve.errors import ConfigError, EngineFailed
from tests.vllm.conftest import DEVICE, MODELS, opening

KNOWN = {argument.name for argument in dataclasses.fields(AsyncEngineArgs)}


def test_what_may_not_be_set_is_an_argument_of_vllm() -> None:
    assert set(SAID_ELSEWHERE) | set(NEEDED) <= KNOWN


def test_every_other_argument_may_be_set() -> None:
    defaults = {field.name: field.default for field in dataclasses.fields(AsyncEngineArgs)}
    free = KNOWN - set(SAID_ELSEWHERE) - set(NEEDED)
    check_parameters({name: defaults[name] for name in free})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gpu_memory_utilisation", "no argument of vLLM's engine; did you mean `gpu_memory_util"),
        ("max_num_seq", "did you mean `max_num_seqs`"),
        ("colour", "no argument of vLLM's engine"),
        ("device_ids", "`engine.device` says"),
        ("max_model_len", "`limits.max_context_tokens` and `limits.max_new_tokens` say"),
        ("logprobs_mode", "is fixed, because scores are"),
    ],
)
def test_a_wrong_name_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=rf"engine.parameters.{name}`.*{sentence}"):
        check_parameters({name: 1})


def test_parameters_come_over_our_own_choices() -> None:
    ours = engine_arguments(opening("vllm", device="cpu"))
    assert (ours.max_num_seqs, ours.block_size, ours.enforce_eager) == (128, 32, True)
    assert ours.max_model_len == 1024 + 8 + 256
    theirs = engine_arguments(
        opening("vllm", parameters={"max_num_seqs": 3, "tensor_parallel_size": 2, "seed": 7})
    )
    assert (theirs.max_num_seqs, theirs.tensor_parallel_size, theirs.seed) == (3, 2, 7)
    assert engine_arguments(opening("vllm", thinking="natural")).max_model_len == 1024 + 1024 + 264
    wider = {"size": {"shortest_edge": 4096, "longest_edge": 1 << 20}}
    theirs = engine_arguments(opening("vllm", parameters={"mm_processor_kwargs": wider}))
    assert theirs.mm_processor_kwargs == {"use_fast": False, **wider}


@pytest.mark.parametrize(("device", "ids"), [("cuda", None), ("cuda:0", [0]), ("cuda:3", [3])])
def test_a_gpu_is_named_by_its_number(device: str, ids: list[int] | None) -> None:
    found = engine_arguments(opening("vllm", device=device))
    assert found.device_ids == ids
    assert not found.enforce_eager


def test_its_number_counts_those_that_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """vLLM's own reading of the number, as its build for GPUs has it."""
    from vllm.platforms import current_platform

    monkeypatch.setattr(current_platform, "device_control_env_var", "CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,2")
    assert engine_arguments(opening("vllm", device="cuda:1"))._resolve_device_ids() == [2]
    with pytest.raises(ValueError, match="out of range"):
        engine_arguments(opening("vllm", device="cuda:2"))._resolve_device_ids()


def test_who_takes_turns_sleeps_with_its_graphs() -> None:
    sleeper = engine_arguments(opening("vllm", device="cuda", turns=True))
    assert (sleeper.enable_sleep_mode, sleeper.sleep_mode_offload_cudagraph) == (True, True)
    alone = engine_arguments(opening("vllm", device="cuda"))
    assert (alone.enable_sleep_mode, alone.sleep_mode_offload_cudagraph) == (False, False)


@pytest.mark.parametrize(
    "method",
    ["fp8", "fp8_per_tensor", "fp8_per_channel", "fp8_per_block", "mxfp8", "awq", "gptq"],
)
def test_a_quantisation_is_passed_on(method: str) -> None:
    parameters = {"quantization": method}
    check_parameters(parameters)
    assert method in QUANTIZATION_METHODS
    assert engine_arguments(opening("vllm", parameters=parameters)).quantization == method


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"max_context": 4096},
            r"do not fit into the 4096 positions .* lower `max_context_tokens`",
        ),
        ({"device": "mps"}, rf"'mps', but the vLLM installed here computes on '{DEVICE}'"),
        ({"parameters": {"quantization": "fp9"}}, "`engine.parameters`.*[Qq]uantization.*fp9"),
        *([({"parameters": {"quantization": "fp8"}}, "fp8")] if DEVICE == "cpu" else []),
        ({"parameters": {"max_num_seqs": "many"}}, "max_num_seqs` is 'many': .*valid integer"),
        ({"parameters": {"enforce_eager": 3}}, "enforce_eager` is 3: .*valid boolean"),
        ({"parameters": {"max_num_batched_tokens": 1}}, "`engine.parameters`.*max_num_batched"),
        ({"folder": MODELS / "demo_references" / "1"}, "image_token_id"),
        ({"folder": Path("nowhere")}, "nowhere"),
    ],
)
def test_what_vllm_cannot_serve_is_one_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=rf"model 'demo_disease': .*{sentence}") as refused:
        open_engine("vllm", opening("vllm", **changes))
    assert "\n" not in str(refused.value)


def test_a_start_that_breaks_off_may_be_tried_again(tmp_path: Path) -> None:
    """What is read in vLLM's own process ends that process: the cause may have been a passing one."""
    folder = tmp_path / "1"
    shutil.copytree(MODELS / "demo_disease" / "1", folder)
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(EngineFailed, match="model 'demo_disease': vLLM could not start") as failed:
        open_engine("vllm", opening("vllm", folder=folder))
    assert "\n" not in str(failed.value)
    assert not [
        child for child in psutil.Process().children(recursive=True) if "VLLM" in child.name()
    ]
