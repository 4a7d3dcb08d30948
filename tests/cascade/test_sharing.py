"""Engines that would take the same memory of a GPU do not start; with a plan they do."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hikari_serve.cascade.sharing import check_shares
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository

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
