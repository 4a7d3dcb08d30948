"""Engines that would take the same memory of a GPU do not start; with a plan they do."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hikari_serve.cascade.loads import read_cascades, stages_of
from hikari_serve.cascade.sharing import check_shares, engines_of
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings, StageSettings

MODELS = Path(__file__).parents[2] / "models"
CARD = ("subaru", "sirius", "vega")


def check(tmp_path: Path, *names: str, engines: Mapping[str, object] = {}) -> None:
    repository = Repository(MODELS, Path("/nowhere"))
    if engines:
        plan = tmp_path / "plan.yaml"
        plan.write_text(yaml.safe_dump({"engines": dict(engines)}))
        repository = replace(repository, plan=plan)
    check_shares("hikari_card", [repository.config(name) for name in names or CARD])


def test_without_a_plan_they_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError,
        match=r"subaru and sirius and vega would take 2.76 times the memory of cuda:0: run "
        r"`hikari models plan hikari_card --write plan.yaml`",
    ):
        check(tmp_path)


@pytest.mark.parametrize("share", ["half", True, 0, -0.5, float("nan")])
def test_a_share_that_is_none_is_named(tmp_path: Path, share: object) -> None:
    with pytest.raises(ConfigError, match=r"'vega': `engine.parameters.gpu_memory_utilization` is"):
        check(
            tmp_path,
            "vega",
            "sirius",
            engines={"vega": {"parameters": {"gpu_memory_utilization": share}}},
        )


def test_turns_shares_and_cards_of_their_own_fit(tmp_path: Path) -> None:
    check(tmp_path, "sirius")
    check(tmp_path, engines={name: {"turns": True} for name in CARD})
    check(
        tmp_path, engines={name: {"parameters": {"gpu_memory_utilization": 0.3}} for name in CARD}
    )
    check(tmp_path, engines={name: {"device": f"cuda:{at}"} for at, name in enumerate(CARD)})
    check(tmp_path, engines={name: {"device": "cpu"} for name in CARD})


def test_one_that_takes_turns_needs_room_beside_those_that_stay(tmp_path: Path) -> None:
    turning: dict[str, object] = {name: {"turns": True} for name in ("sirius", "vega")}
    with pytest.raises(ConfigError, match=r"subaru and sirius would take 1.84 times .* of cuda:0"):
        check(tmp_path, engines=turning)
    small = {"parameters": {"gpu_memory_utilization": 0.4}}
    turning["vega"] = {"turns": True, "parameters": {"gpu_memory_utilization": 0.6}}
    turning["sirius"] = {"turns": True, "parameters": {"gpu_memory_utilization": 0.5}}
    check(tmp_path, engines={"subaru": small, **turning})  # one at a time is awake
    turning["vega"] = {"turns": True, "parameters": {"gpu_memory_utilization": 0.7}}
    with pytest.raises(ConfigError, match=r"subaru and vega would take 1.10 times"):
        check(tmp_path, engines={"subaru": small, **turning})


def test_the_first_card_has_two_names(tmp_path: Path) -> None:
    two = {"sirius": {"device": "cuda:0"}, "vega": {"device": "cuda"}}
    with pytest.raises(ConfigError, match=r"sirius and vega would take 1.84 times .* of cuda:0"):
        check(tmp_path, "sirius", "vega", engines=two)


def engines(settings: Settings, *here: str) -> list[str]:
    """Those of the served cascades in some stages, by the names of their models."""
    repository = Repository.of(settings)
    cascades = read_cascades(settings.cascade, settings.load, repository)
    found = engines_of(cascades, here or stages_of(cascades), repository, settings)
    check_shares(settings.cascade, found)
    return [each.name for each in found]


def test_every_process_and_version_is_an_engine(tmp_path: Path) -> None:
    models = Path(shutil.copytree(MODELS, tmp_path / "models"))
    for version in ("1", "2"):
        (models / "subaru" / version).mkdir()
    (tmp_path / "plan.yaml").write_text("engines: {subaru: {turns: true}, vega: {turns: true}}")
    served = Settings("hikari_card", models=models, plan=tmp_path / "plan.yaml")
    assert engines(served, "group", "caption") == ["subaru", "vega"]
    group = {"group": StageSettings(workers=2)}
    loaded = ("subaru/1", "subaru/2")
    more = replace(served, load=loaded, stages=group)
    assert engines(more, "group", "caption") == ["subaru"] * 4 + ["vega"]  # by turns
    assert engines(replace(more, load=()).in_one_process(), "group") == ["subaru"]
    for apart in (replace(served, load=loaded), replace(served, stages=group)):
        with pytest.raises(ConfigError, match=r"subaru and subaru would take 1\.84 times"):
            engines(replace(apart, plan=None), "group")


def test_engines_of_all_cascades_count() -> None:
    alone = Settings("hikari_card", models=MODELS)
    assert engines(alone, "disease") == ["sirius"]
    both = replace(alone, load=("hikari_lora",))
    assert engines(both, "group") == ["subaru"]  # one for both
    with pytest.raises(ConfigError, match=r"sirius and sirius_lora would take 1\.84 times"):
        engines(both, "disease")
