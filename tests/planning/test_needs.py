"""What a model needs of a GPU, against what is known of the real weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikari_serve.errors import ConfigError
from hikari_serve.planning.needs import Need, need_of
from hikari_serve.repository.repository import Repository

MODELS = Path(__file__).parents[2] / "models"
REPOSITORY = Repository(MODELS, Path("/nowhere"))


def need(tmp_path: Path, name: str = "sirius", **engine: Any) -> Need:
    parts = yaml.safe_load((MODELS / name / "config.yaml").read_text())
    parts["hikari"]["engine"] = {"device": "cuda", "dtype": "bfloat16", **engine}
    (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / name / "config.yaml").write_text(yaml.safe_dump(parts))
    repository = Repository(tmp_path, tmp_path / "weights")
    return need_of(repository, repository.config(name))


def test_weights_are_as_large_as_they_are_known_to_be(tmp_path: Path) -> None:
    assert need(tmp_path).weights == 2 * 8_767_123_696
    assert need(tmp_path).weights == pytest.approx(16.8e9, rel=0.05)  # the authors' figure
    four = need(tmp_path, parameters={"quantization": "bitsandbytes"}).weights
    assert 7.0e9 < four < 8.4e9  # theirs, and that of a run
    eight = need(tmp_path, parameters={"quantization": "fp8"}).weights
    assert four < eight < need(tmp_path).weights


@pytest.mark.parametrize(
    ("method", "gigabytes"),
    [
        ("fp8_per_tensor", 10.59),
        ("fp8_per_channel", 10.59),
        ("fp8_per_block", 10.59),
        ("mxfp8", 10.80),
        ("awq", 7.25),
        ("gptq", 7.25),
        ("gptq_marlin", 7.25),
    ],
)
def test_the_quantisations_that_vllm_knows_are_planned(
    tmp_path: Path, method: str, gigabytes: float
) -> None:
    """6.946 billion linear weights as the method stores them, 1.821 billion others in two bytes."""
    planned = need(tmp_path, parameters={"quantization": method})
    assert planned.quantization == method
    assert planned.weights / 1e9 == pytest.approx(gigabytes, abs=0.01)


def test_what_is_tried_at_the_start_is_counted(tmp_path: Path) -> None:
    terms = {term.name: term for term in need(tmp_path).fixed}
    assert terms["activations, vision"].how.startswith("18 pictures x 1,764 patches")
    assert terms["activations, language"].how.startswith("8,192 tokens")
    assert terms["log-probabilities"].how.startswith("128 requests x 151,936 tokens")
    assert need(tmp_path).asleep > need(tmp_path).weights


def test_the_cache_of_a_request(tmp_path: Path) -> None:
    tokens = 4096 + 1024 + 8 + 256
    assert need(tmp_path).request.bytes == 2 * 36 * 8 * 128 * 2 * tokens
    assert "36 layers" in need(tmp_path).request.how
    assert need(tmp_path).most - need(tmp_path).least == 15 * need(tmp_path).request.bytes
    half = need(tmp_path, parameters={"kv_cache_dtype": "fp8"})
    assert half.request.bytes * 2 == need(tmp_path).request.bytes


def test_more_tokens_at_once_cost_more(tmp_path: Path) -> None:
    few = need(tmp_path, parameters={"max_num_batched_tokens": 2048})
    assert few.least < need(tmp_path).least


def test_an_adapter_comes_on_top_of_its_base() -> None:
    whole = need_of(REPOSITORY, REPOSITORY.config("sirius"))
    laid = need_of(REPOSITORY, REPOSITORY.config("sirius_lora"))
    assert laid.weights - whole.weights == pytest.approx(2 * 51e6, rel=0.05)


def test_weights_on_this_machine_say_their_shapes_and_quantisation(tmp_path: Path) -> None:
    folder = tmp_path / "weights" / "sirius" / "1"
    folder.mkdir(parents=True)
    demo = MODELS / "demo_group" / "1"
    shutil.copy(demo / "preprocessor_config.json", folder)
    content = json.loads((demo / "config.json").read_bytes())
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"model 'sirius': `limits`: .* do not fit into the 4096"):
        need(tmp_path)  # as the engine would
    content["text_config"]["max_position_embeddings"] = 8192
    (folder / "config.json").write_text(json.dumps(content))
    (folder / "model.safetensors").touch()
    assert need(tmp_path).weights < 10e6
    assert need(tmp_path).budget.picture_tokens == 16  # its own processor's
    content["quantization_config"] = {"quant_method": "bitsandbytes"}
    (folder / "config.json").write_text(json.dumps(content))
    assert need(tmp_path).quantization == "bitsandbytes"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"quantization": "mxfp4"}, "quantised as 'mxfp4', but only bitsandbytes, fp8"),
        ({"quantization": ["fp8"]}, r"quantised as '\['fp8'\]', but only bitsandbytes, fp8"),
        ({"tensor_parallel_size": 2}, "spreads over several GPUs"),
        ({"max_num_seqs": "many"}, "'sirius': `engine.parameters.max_num_seqs` is 'many', but"),
        ({"max_num_seqs": -3}, "max_num_seqs` is -3, but must be a whole number above 0"),
        ({"max_num_seqs": True}, "max_num_seqs` is True, but"),
        ({"max_num_batched_tokens": "8k"}, "max_num_batched_tokens` is '8k', but"),
        ({"max_num_batched_tokens": 0.5}, "max_num_batched_tokens` is 0.5, but"),
    ],
)
def test_what_cannot_be_planned_is_said_so(
    tmp_path: Path, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        need(tmp_path, parameters=parameters)
