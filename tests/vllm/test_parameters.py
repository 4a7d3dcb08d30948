"""`engine.parameters` against vLLM's own arguments, and settings that vLLM cannot keep."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from vllm import AsyncEngineArgs

from hikari_serve.engines.registry import open_engine
from hikari_serve.engines.vllm.parameters import (
    NEEDED,
    SAID_ELSEWHERE,
    check_parameters,
    engine_arguments,
)
from hikari_serve.errors import ConfigError
from tests.vllm.conftest import MODELS, opening

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
        ("max_model_len", "`limits.max_context_tokens` and `limits.max_new_tokens` say"),
        ("logprobs_mode", "is fixed, because scores are"),
    ],
)
def test_a_wrong_name_is_refused(name: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=rf"engine.parameters.{name}`.*{sentence}"):
        check_parameters({name: 1})


def test_parameters_come_over_our_own_choices() -> None:
    ours = engine_arguments(opening("vllm"))
    assert (ours.max_num_seqs, ours.block_size, ours.enforce_eager) == (16, 32, True)
    assert ours.max_model_len == 1024 + 8 + 256
    theirs = engine_arguments(
        opening("vllm", parameters={"max_num_seqs": 3, "tensor_parallel_size": 2, "seed": 7})
    )
    assert (theirs.max_num_seqs, theirs.tensor_parallel_size, theirs.seed) == (3, 2, 7)
    assert engine_arguments(opening("vllm", thinking="natural")).max_model_len == 1024 + 1024 + 264


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"max_context": 4096},
            r"do not fit into the 4096 positions .* lower `max_context_tokens`",
        ),
        ({"device": "cuda"}, r"'cuda', but the vLLM installed here computes on 'cpu'"),
        ({"parameters": {"quantization": "fp9"}}, "`engine.parameters`.*[Qq]uantization.*fp9"),
        ({"parameters": {"quantization": "fp8"}}, "fp8"),
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
