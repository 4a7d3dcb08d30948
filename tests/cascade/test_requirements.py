"""A cascade does not start without its weights or its index, and names the command for each."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.requirements import require
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository

STAGES = ("group", "references", "disease", "caption")
MODELS = Path(__file__).parents[2] / "models"


def start(weights: Path, cascade: str, here: tuple[str, ...] = STAGES) -> None:
    repository = Repository(MODELS, weights, weights / "indexes")
    require(repository, cascade, read_graph(repository.config(cascade), repository), here)


def lay(weights: Path, *names: str, version: int = 1) -> None:
    for name in names:
        folder = weights / name / str(version)
        folder.mkdir(parents=True)
        (folder / "model.safetensors").touch()


def test_weights_that_are_not_here(tmp_path: Path) -> None:
    lay(tmp_path, "subaru")
    with pytest.raises(ConfigError, match="of sirius, vega are not here: run `hikari models pull"):
        start(tmp_path, "hikari_card")
    with pytest.raises(ConfigError, match="of clip_references, vega_lora, deneb, sirius_lora are"):
        start(tmp_path, "hikari_lora")


def test_weights_of_the_versions_that_are_loaded(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(MODELS, models)
    lay(models, "subaru", version=2)  # as `hikari models quantize` makes it
    repository = Repository(models, tmp_path / "weights")
    graph = read_graph(repository.config("hikari_card"), repository)
    require(repository, "hikari_card", graph, ["group"])
    with pytest.raises(ConfigError, match="the weights of subaru are not here"):
        require(repository, "hikari_card", graph, ["group"], ["subaru/1"])
    pinned = Graph((replace(graph.node("group"), version=1),), ("group",), "group")
    with pytest.raises(ConfigError, match="the weights of subaru are not here"):
        require(repository, "hikari_card", pinned, ["group"])


def test_an_index_that_nobody_built(tmp_path: Path) -> None:
    lay(tmp_path, "subaru", "sirius", "vega", "clip_references")
    start(tmp_path, "hikari_card")
    with pytest.raises(
        ConfigError,
        match=r"no index of them yet in .*/indexes/clip_references: build .*`hikari index build "
        r"FOLDER --model clip_references`",
    ):
        start(tmp_path, "hikari")
    (tmp_path / "indexes" / "clip_references").mkdir(parents=True)
    start(tmp_path, "hikari")


def test_stages_elsewhere_need_nothing_here(tmp_path: Path) -> None:
    lay(tmp_path, "subaru")
    start(tmp_path, "hikari", ("group",))


def test_the_demo_needs_nothing(tmp_path: Path) -> None:
    start(tmp_path, "demo")
