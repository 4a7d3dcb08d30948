"""A checkpoint in 4 bits: quantised beforehand as transformers does it, or by vLLM as it loads."""

import asyncio
import json
from pathlib import Path

import pytest
import torch
from transformers import BitsAndBytesConfig, Qwen3VLForConditionalGeneration

from hikari_serve.engines.quantization import SKIPPED, quantize
from hikari_serve.errors import ConfigError
from tests.vllm.conftest import MODELS, Open
from tests.vllm.prompts import prompts, scored

WEIGHTS = MODELS / "demo_disease" / "1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("quantised") / "2"
    steps: list[tuple[int, int]] = []
    quantize(WEIGHTS, out, lambda done, total: steps.append((done, total)))
    assert steps == sorted(steps)
    return out


def test_the_folder_says_what_it_is(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_bytes())
    assert config["quantization_config"]["llm_int8_skip_modules"] == SKIPPED
    assert json.loads((folder / "quantized.json").read_bytes())["method"].startswith("bitsandbytes")
    assert (folder / "tokenizer.json").read_bytes() == (WEIGHTS / "tokenizer.json").read_bytes()
    smaller = (folder / "model.safetensors").stat().st_size
    assert smaller < 0.8 * (WEIGHTS / "model.safetensors").stat().st_size


def test_the_weights_are_those_that_transformers_makes(folder: Path) -> None:
    settings = BitsAndBytesConfig(  # type: ignore[no-untyped-call]
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=torch.bfloat16,
        bnb_4bit_use_double_quant=True,
        llm_int8_skip_modules=SKIPPED,
    )
    load = Qwen3VLForConditionalGeneration.from_pretrained
    made = load(WEIGHTS, dtype=torch.bfloat16, quantization_config=settings)
    stored = load(folder, dtype=torch.bfloat16)
    ids = torch.arange(3, 60, device=made.device)[None]
    with torch.inference_mode():
        assert torch.equal(made(input_ids=ids).logits, stored(input_ids=ids).logits)


def test_vllm_serves_it(folder: Path, opened: Open, loop: asyncio.Runner) -> None:
    asked = prompts(20)
    whole, _ = scored(loop, opened("transformers"), asked)
    vllm = opened("vllm", folder=folder, dtype="bfloat16")
    assert vllm.quantization == "bitsandbytes"
    four, _ = scored(loop, vllm, asked)
    assert (whole.argmax(1) == four.argmax(1)).sum() >= 18


def test_vllm_quantises_while_it_loads(opened: Open, loop: asyncio.Runner) -> None:
    asked = prompts(20)
    whole, _ = scored(loop, opened("transformers"), asked)
    vllm = opened("vllm", dtype="bfloat16", parameters={"quantization": "bitsandbytes"})
    assert vllm.quantization == "bitsandbytes"
    four, _ = scored(loop, vllm, asked)
    assert abs(whole - four).max() > 1e-3
    assert (whole.argmax(1) == four.argmax(1)).sum() >= 16  # the vision tower is in 4 bits too


def test_four_bits_beside_four_bytes_do_not_start(opened: Open, folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"needs `engine.dtype: bfloat16`"):
        opened("vllm", folder=folder)
