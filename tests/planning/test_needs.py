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


def test_the_cache_of_a_request(tmp_path: Path) -> None:
    tokens = 4096 + 1024 + 256
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
    shutil.copy(MODELS / "demo_group" / "1" / "config.json", folder)
    (folder / "model.safetensors").touch()
    assert need(tmp_path).weights < 10e6
    content = json.loads((folder / "config.json").read_bytes())
    content["quantization_config"] = {"quant_method": "bitsandbytes"}
    (folder / "config.json").write_text(json.dumps(content))
    assert need(tmp_path).quantization == "bitsandbytes"


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"quantization": "awq"}, "quantization is 'awq', but only bitsandbytes, fp8"),
        ({"tensor_parallel_size": 2}, "spreads over several GPUs"),
    ],
)
def test_what_cannot_be_planned_is_said_so(
    tmp_path: Path, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        need(tmp_path, parameters=parameters)
