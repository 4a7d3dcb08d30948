"""Which versions are loaded at start: policies, pins, and HIKARI_LOAD."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hikari_serve.cascade.loads import (
    read_cascades,
    stages_of,
    versions_by_model,
    versions_of,
)
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository
from tests.scripted import REPOSITORY
from tests.serving.control.machine import other_cascade


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """The demo, with three versions of the group model."""
    models = tmp_path / "models"
    shutil.copytree(REPOSITORY.root, models)
    for version in ("2", "3"):
        (models / "demo_group" / version).mkdir()
    return Repository(models)


def test_the_newest_the_pinned_and_the_named(repository: Repository) -> None:
    node = read_graph(repository.config("demo"), repository).node("group")
    pinned = replace(node, version=1)
    assert versions_of(node, repository) == [3]
    assert versions_of(node, repository, ["demo_group/2"]) == [2]
    assert versions_of(node, repository, ["demo_group/2", "demo_group/1"]) == [1, 2]
    assert versions_of(node, repository, ["demo_disease/1"]) == [3]
    assert versions_of(pinned, repository) == [1]
    assert versions_of(pinned, repository, ["demo_group/2"]) == [1, 2]


@pytest.mark.parametrize(
    ("load", "why"),
    [
        ("demo_group", "'demo_group' is no cascade; a version of a model is written demo_group/1"),
        ("demo_group/newest", "model 'demo_group' has no version newest, but 1, 2, 3"),
        ("demo_gruop/1", "no cascade that is served has 'demo_gruop'; did you mean 'demo_group'"),
        ("demo_group/4", "model 'demo_group' has no version 4, but 1, 2, 3"),
    ],
)
def test_what_names_nothing_is_refused(repository: Repository, load: str, why: str) -> None:
    with pytest.raises(ConfigError, match="HIKARI_LOAD: ") as caught:
        read_cascades("demo", [load], repository)
    assert why in caught.value.message


def test_what_a_source_brings_is_a_version_to_name(repository: Repository) -> None:
    path = repository.root / "demo_group" / "config.yaml"
    path.write_text(path.read_text().replace("hikari:\n", "hikari:\n  source: {hub: some/one}\n"))
    shutil.rmtree(repository.root / "demo_group" / "1")
    (node, *_) = read_cascades("demo", ["demo_group/1"], repository)["demo"].graph.nodes
    assert versions_of(node, repository, ["demo_group/1"]) == [1]


def test_a_cascade_comes_with_its_stages_and_the_versions_of_all(repository: Repository) -> None:
    other_cascade(repository.root)
    cascades = read_cascades("demo", ["other", "other_group/2"], repository)
    assert list(cascades) == ["demo", "other"]
    assert stages_of(cascades) == ["group", "references", "disease", "caption"]
    graphs = [each.graph for each in cascades.values()]
    assert versions_by_model("group", graphs, repository, ["other_group/2"]) == {
        "demo_group": [3],
        "other_group": [2],
    }
