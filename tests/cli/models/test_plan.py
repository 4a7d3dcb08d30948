"""`hikari models plan` on the repository's own cascades."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import Result

from hikari_serve.cascade.sharing import check_shares
from hikari_serve.errors import ConfigError
from hikari_serve.planning.card import card_bytes
from tests.cli.conftest import Hikari
from tests.scripted import REPOSITORY


@pytest.fixture(autouse=True)
def _repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_MODELS", str(REPOSITORY.root))
    monkeypatch.setenv("HIKARI_WEIGHTS", "/nowhere")


def device(done: Result) -> dict[str, Any]:
    """The plan of the one device."""
    (found,) = json.loads(done.stdout)["devices"]
    assert isinstance(found, dict)
    return found


def test_three_stages_take_turns_on_16_gb(hikari: Hikari) -> None:
    done = hikari("models", "plan", "hikari", "--gpu", "16GB", "--json")
    assert json.loads(done.stdout)["not_on_a_gpu"] == ["clip_references"]
    plan = device(done)
    assert (plan["device"], plan["verdict"]) == ("cuda:0", "turns")
    assert [row["model"] for row in plan["models"]] == ["subaru", "vega", "sirius"]
    for row in plan["models"]:
        assert row["quantization"] == "bitsandbytes"
        assert 0.8 < row["gpu_memory_utilization"] < 0.92
        assert row["items_at_once"] >= 4
        assert (
            sum(term["bytes"] for term in row["fixed"]) + row["request"]["bytes"]
            == (row["least_bytes"])
        )


@pytest.mark.parametrize("cascade", ["hikari", "hikari_card", "hikari_lora"])
@pytest.mark.parametrize(("gpu", "turns"), [("16GB", True), ("80GB", False)])
def test_what_is_written_is_what_is_served(
    hikari: Hikari, tmp_path: Path, cascade: str, gpu: str, turns: bool
) -> None:
    file = tmp_path / "plan.yaml"
    done = hikari("models", "plan", cascade, "--gpu", gpu, "--json", "--write", file)
    served = replace(REPOSITORY, plan=file)
    configs = [served.config(row["model"]) for row in device(done)["models"]]
    check_shares(cascade, configs)
    for row, config in zip(device(done)["models"], configs, strict=True):
        engine = config.hikari.engine  # type: ignore[union-attr]
        assert engine.turns is turns
        assert engine.parameters["gpu_memory_utilization"] == row["gpu_memory_utilization"]
        assert engine.parameters["quantization"] == "bitsandbytes"


def test_a_plan_is_planned_anew_for_another_card(
    hikari: Hikari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share that a plan gave is no wish of the model's."""
    file = tmp_path / "plan.yaml"
    hikari("models", "plan", "hikari_card", "--gpu", "16GB", "--write", file)
    monkeypatch.setenv("HIKARI_PLAN", str(file))
    done = hikari("models", "plan", "hikari_card", "--gpu", "80GB", "--json", "--write", file)
    assert device(done)["verdict"] == "together"
    assert "turns: false" in file.read_text()
    assert "turns: true" not in file.read_text()


def test_cards_of_their_own_are_planned_one_by_one(
    hikari: Hikari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("engines: {sirius: {device: 'cuda:1'}, vega: {device: cpu}}")
    monkeypatch.setenv("HIKARI_PLAN", str(file))
    plan = json.loads(hikari("models", "plan", "hikari_card", "--gpu", "16GB", "--json").stdout)
    assert {row["device"]: [m["model"] for m in row["models"]] for row in plan["devices"]} == {
        "cuda:0": ["subaru"],
        "cuda:1": ["sirius"],
    }
    assert plan["not_on_a_gpu"] == ["vega"]


def test_what_a_plan_says_besides_is_written_too(
    hikari: Hikari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan.yaml"
    monkeypatch.setenv("HIKARI_PLAN", str(file))
    file.write_text(
        "engines: {sirius: {device: 'cuda:1', turns: true, parameters: {max_num_seqs: 4}}, "
        "vega: {device: cpu}}"
    )
    hikari("models", "plan", "hikari_card", "--gpu", "16GB", "--write", file)
    engines = yaml.safe_load(file.read_text())["engines"]
    assert engines["vega"] == {"device": "cpu"}
    assert engines["sirius"]["parameters"].pop("gpu_memory_utilization") > 0
    assert engines["sirius"] == {
        "device": "cuda:1",
        "turns": False,
        "parameters": {"max_num_seqs": 4},
    }
    assert engines["subaru"]["turns"] is False
    again = file.read_text()
    hikari("models", "plan", "hikari_card", "--gpu", "16GB", "--write", file)
    assert file.read_text() == again


def test_a_reference_model_on_a_gpu_is_not_left_out_of_the_sum(
    hikari: Hikari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("engines: {clip_references: {device: cuda}}")
    monkeypatch.setenv("HIKARI_PLAN", str(file))
    done = hikari("models", "plan", "hikari", "--gpu", "16GB")
    assert done.exit_code == 1
    assert "model 'clip_references': its `engine.device` is 'cuda'" in done.stderr


def test_the_plan_that_is_written_need_not_be_there(
    hikari: Hikari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan.yaml"
    monkeypatch.setenv("HIKARI_PLAN", str(file))
    for _ in range(2):
        done = hikari("models", "plan", "hikari_card", "--gpu", "16GB", "--write", file)
        assert (done.exit_code, done.stderr) == (0, "")
    assert "engines:" in file.read_text()


def test_they_fit_together_on_80_gb(hikari: Hikari) -> None:
    done = hikari("models", "plan", "hikari_card", "--gpu", "80GB")
    assert done.exit_code == 0
    assert "All fit together." in done.stdout
    assert "16 of 16 longest items at once" in done.stdout
    assert "6.946 billion x 0.516 bytes" in done.stdout


def test_a_card_that_is_too_small_is_a_failure(hikari: Hikari, tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    done = hikari("models", "plan", "sirius", "--gpu", "8GB", "--write", file)
    assert done.exit_code == 1
    assert "The card is too small" in done.stdout
    assert "sirius: needs 11.3 GB alone" in done.stdout
    assert not file.exists()


def test_the_demo_needs_no_gpu(hikari: Hikari) -> None:
    assert "None of these models runs on a GPU" in hikari(
        "models", "plan", "demo", "--gpu", "8GB"
    ).stdout  # fmt: skip


def tool(folder: Path, script: str) -> None:
    """A driver's tool of the test's own, first on the path."""
    file = folder / "nvidia-smi"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


def test_the_cards_of_this_machine_are_asked(
    hikari: Hikari, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool(tmp_path, 'case "$1" in --id=3) echo "81559 MiB";; *) echo "no devices"; exit 6;; esac')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    done = hikari("models", "plan", "hikari_card", "--json")
    assert device(done)["gpu_bytes"] == 81_559 * 1024**2
    with pytest.raises(ConfigError, match="says nothing of the memory of 'cuda:1': no devices"):
        card_bytes("cuda:1")


def test_a_machine_without_a_driver_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match=r"no NVIDIA driver .*: install version 580 or newer"):
        card_bytes("cuda")
    with pytest.raises(ConfigError, match="the size of 'mps' is not known"):
        card_bytes("mps")
