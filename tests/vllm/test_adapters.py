"""LoRA adapters on vLLM: they answer as the merged weights do, and misfits do not start."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen3VLForConditionalGeneration

from hikari_serve.errors import ConfigError
from tests.vllm.conftest import MODELS, Open
from tests.vllm.prompts import prompts, scored

BASE = MODELS / "demo_disease" / "1"
LANGUAGE = r".*language_model.*\.(q_proj|v_proj|down_proj)"
EVERYTHING = r".*(language_model.*\.(q_proj|v_proj)|visual\.blocks.*\.(qkv|linear_fc1))"

Adapt = Callable[[str], tuple[Path, Path]]


@pytest.fixture(scope="module")
def adapt(tmp_path_factory: pytest.TempPathFactory) -> Adapt:
    """Makes a random adapter of the demo disease model, and the weights it is merged into."""

    def adapt(targets: str) -> tuple[Path, Path]:
        torch.manual_seed(0)
        root = tmp_path_factory.mktemp("adapter")
        base = Qwen3VLForConditionalGeneration.from_pretrained(BASE, dtype=torch.float32)
        settings = LoraConfig(r=8, lora_alpha=16, target_modules=targets, init_lora_weights=False)
        adapted = get_peft_model(base, settings)
        with torch.no_grad():
            for name, weight in adapted.named_parameters():
                if ".lora_" in name:
                    weight.mul_(1.5)  # enough to change answers
        adapted.save_pretrained(root / "adapter")
        shutil.copytree(BASE, root / "merged")
        adapted.merge_and_unload().save_pretrained(root / "merged")
        return root / "adapter", root / "merged"

    return adapt


@pytest.mark.parametrize(
    ("targets", "parameters"),
    [(LANGUAGE, {}), (EVERYTHING, {"enable_tower_connector_lora": True})],
    ids=["language", "vision"],
)
def test_an_adapter_answers_as_the_merged_weights(
    loop: asyncio.Runner,
    opened: Open,
    adapt: Adapt,
    targets: str,
    parameters: dict[str, object],
) -> None:
    adapter, merged = adapt(targets)
    asked = prompts(20)
    expected, mass = scored(loop, opened("transformers", folder=merged), asked)
    without, _ = scored(loop, opened("transformers"), asked)
    assert np.abs(expected - without).max() > 0.05
    found, other_mass = scored(loop, opened("vllm", adapter=adapter, parameters=parameters), asked)
    assert np.abs(expected - found).max() < 1e-3
    assert np.abs(mass - other_mass).max() < 1e-3


def test_an_adapter_of_the_vision_tower_that_vllm_would_drop_does_not_start(
    opened: Open, adapt: Adapt
) -> None:
    adapter, _ = adapt(EVERYTHING)
    with pytest.raises(
        ConfigError, match=r"changes the vision tower .*enable_tower_connector_lora"
    ):
        opened("vllm", adapter=adapter)
