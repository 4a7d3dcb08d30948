"""Which versions are loaded at start: policies, pins, and HIKARI_LOAD."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from hikari_serve.cascade.loads import check_loads, versions_of
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository
from tests.scripted import REPOSITORY


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
        ("demo_group", "'demo_group' is no version of a model, such as demo_caption/1"),
        ("demo_group/newest", "is no version of a model"),
        ("demo_gruop/1", "the cascade has no model 'demo_gruop'; did you mean 'demo_group'"),
        ("demo_group/4", "model 'demo_group' has no version 4, but 1, 2, 3"),
    ],
)
def test_what_names_nothing_is_refused(repository: Repository, load: str, why: str) -> None:
    graph = read_graph(repository.config("demo"), repository)
    check_loads(["demo_group/2"], graph, repository)
    with pytest.raises(ConfigError, match="HIKARI_LOAD: ") as caught:
        check_loads([load], graph, repository)
    assert why in caught.value.message
