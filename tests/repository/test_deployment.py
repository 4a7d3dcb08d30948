"""What a deployment says of the engines comes over the models' own configurations."""

from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, EngineConfig
from hikari_serve.settings import Settings

MODELS = Path(__file__).parents[2] / "models"


def engine(plan: Path, name: str) -> EngineConfig:
    settings = Settings.from_environment({"HIKARI_MODELS": str(MODELS), "HIKARI_PLAN": str(plan)})
    hikari = Repository.of(settings).config(name).hikari
    assert isinstance(hikari, ClassifierConfig)
    return hikari.engine


def test_what_is_said_wins_and_the_rest_stays(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "engines:\n"
        "  sirius: {device: 'cuda:1', turns: true, parameters: {gpu_memory_utilization: 0.4}}\n"
        "  subaru: {parameters: {quantization: fp8}}\n"
    )
    sirius = engine(plan, "sirius")
    assert (sirius.device, sirius.dtype, sirius.turns) == ("cuda:1", "bfloat16", True)
    assert sirius.parameters == {"quantization": "bitsandbytes", "gpu_memory_utilization": 0.4}
    subaru = engine(plan, "subaru")
    assert (subaru.device, subaru.turns) == ("cuda", False)
    assert subaru.parameters == {"quantization": "fp8"}
    assert engine(plan, "deneb") == engine_without_plan("deneb")


def engine_without_plan(name: str) -> EngineConfig:
    hikari = Repository(MODELS).config(name).hikari
    assert isinstance(hikari, ClassifierConfig)
    return hikari.engine


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"plan.yaml is missing: HIKARI_PLAN names it; `hikari models plan CASCADE --write`"),
        ("engines: {siriu: {turns: true}}", r"engines.siriu is no model; did you mean `sirius`"),
        ("engines: {sirius: {turn: true}}", r"engines.sirius.turn: Extra inputs"),
        ("engines: {sirius: {device: gpu}}", r"engines.sirius.device: .*pattern"),
        ("models: {}", r"models: Extra inputs"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str | None, message: str) -> None:
    plan = tmp_path / "plan.yaml"
    if text is not None:
        plan.write_text(text)
    with pytest.raises(ConfigError, match=message):
        Repository(MODELS, plan=plan).config("sirius")


def test_a_cascade_has_no_engine(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("engines: {hikari_card: {turns: true}}")
    with pytest.raises(ConfigError, match=r"plan.yaml: engines.hikari_card is a cascade"):
        Repository(MODELS, plan=plan).config("hikari_card")
