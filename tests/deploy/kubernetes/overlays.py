"""The overlays as the cascade and the server see them."""

import pytest

from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings
from tests.deploy.kubernetes.rendered import OVERLAYS, Object, overlay
from tests.served.server import ROOT

each_overlay = pytest.mark.parametrize("name", OVERLAYS)
DOCS = (ROOT / "docs" / "operations.md").read_text()


def settings_of(name: str, maker: str) -> Settings:
    return Settings.from_environment(overlay(name).environment(maker))


def graph_of(name: str) -> Graph:
    repository = Repository(ROOT / "models")
    return read_graph(repository.config(settings_of(name, "hikari-api").cascade), repository)


def stage_deployments(name: str) -> dict[str, Object]:
    """The Deployments of stages, by the stage."""
    found = overlay(name).of("Deployment").items()
    return {key.removeprefix("hikari-"): each for key, each in found if key != "hikari-api"}
