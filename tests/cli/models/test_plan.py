"""`hikari models plan` on the repository's own cascades."""

import json

import pytest

from tests.cli.conftest import Hikari
from tests.scripted import REPOSITORY


@pytest.fixture(autouse=True)
def _repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_MODELS", str(REPOSITORY.root))
    monkeypatch.setenv("HIKARI_WEIGHTS", "/nowhere")


def test_three_stages_take_turns_on_16_gb(hikari: Hikari) -> None:
    plan = json.loads(hikari("models", "plan", "hikari", "--gpu", "16GB", "--json").stdout)
    assert plan["verdict"] == "turns"
    assert plan["not_on_the_gpu"] == ["clip_references"]
    assert [row["model"] for row in plan["models"]] == ["subaru", "vega", "sirius"]
    for row in plan["models"]:
        assert row["quantization"] == "bitsandbytes"
        assert 0.8 < row["gpu_memory_utilization"] < 0.92
        assert row["requests_at_once"] >= 4
        assert (
            sum(term["bytes"] for term in row["fixed"]) + row["request"]["bytes"]
            == (row["least_bytes"])
        )


@pytest.mark.parametrize("cascade", ["hikari", "hikari_card", "hikari_lora"])
def test_the_shipped_entries_are_planned_for_16_gb(hikari: Hikari, cascade: str) -> None:
    plan = json.loads(hikari("models", "plan", cascade, "--gpu", "16GB", "--json").stdout)
    assert len(plan["models"]) == 3
    for row in plan["models"]:
        engine = REPOSITORY.config(row["model"]).hikari.engine  # type: ignore[union-attr]
        assert engine.turns
        assert engine.parameters["gpu_memory_utilization"] == row["gpu_memory_utilization"]


def test_they_fit_together_on_80_gb(hikari: Hikari) -> None:
    done = hikari("models", "plan", "hikari_card", "--gpu", "80GB")
    assert done.exit_code == 0
    assert "All fit together." in done.stdout
    assert "16 of 16 longest requests at once" in done.stdout
    assert "6.946 billion x 0.516 bytes" in done.stdout


def test_a_card_that_is_too_small_is_a_failure(hikari: Hikari) -> None:
    done = hikari("models", "plan", "sirius", "--gpu", "8GB")
    assert done.exit_code == 1
    assert "The card is too small" in done.stdout
    assert "sirius: needs 9.6 GB alone" in done.stdout


def test_the_demo_needs_no_gpu(hikari: Hikari) -> None:
    assert "None of these models runs on a GPU" in hikari(
        "models", "plan", "demo", "--gpu", "8GB"
    ).stdout  # fmt: skip
