"""The engine that a configuration names, or a sentence why there is none."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from hikari_serve.engines.contract import Generate, Generated, Opening
from hikari_serve.engines.registry import open_engine
from hikari_serve.errors import ConfigError
from tests.engines.recorder import run
from tests.engines.taught import ANSWERS, question


@pytest.fixture
def opening(checkpoint: Path) -> Opening:
    return Opening(
        model="colours",
        folder=checkpoint,
        device="cpu",
        dtype="float32",
        max_batch=4,
        max_context=128,
        max_new_tokens=64,
        max_images=3,
        threads=1,
        thinking="closed",
    )


def test_the_named_engine_answers(opening: Opening) -> None:
    engine = open_engine("transformers", opening)
    assert engine.release.startswith("transformers 5.")
    assert engine.quantization is None
    (call,) = run(engine, (question("red"), Generate(32)))
    assert isinstance(call.output, Generated)
    assert call.output.text == ANSWERS["red"]
    asyncio.run(engine.close())


@pytest.mark.parametrize(
    ("backend", "sentence"),
    [
        ("transfomers", "no engine 'transfomers'; did you mean `transformers`"),
        ("onnxruntime", "no engine 'onnxruntime'; there are sglang, transformers, vllm"),
    ],
)
def test_an_unknown_engine(opening: Opening, backend: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=f"model 'colours': triton.backend: {sentence}"):
        open_engine(backend, opening)


def test_transformers_takes_neither_parameters_nor_adapters(opening: Opening) -> None:
    with pytest.raises(ConfigError, match=r"'colours': `engine.parameters`: .*leave it out"):
        open_engine("transformers", replace(opening, parameters={"quantization": "fp8"}))
    with pytest.raises(ConfigError, match="serves no adapters"):
        open_engine("transformers", replace(opening, adapter=opening.folder))


@pytest.mark.parametrize("backend", ["sglang", "vllm"])
def test_an_engine_that_is_not_installed(opening: Opening, backend: str) -> None:
    """This environment has neither; `make test-vllm` makes one of its own."""
    with pytest.raises(ConfigError, match=f"the package {backend} is not installed: "):
        open_engine(backend, opening)
