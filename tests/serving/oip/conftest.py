"""The data plane over scripted stages, and both doors to it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hikari_serve.cascade.loads import LoadedCascade
from hikari_serve.presentation.present import as_json
from hikari_serve.serving.control.controller import Controller
from hikari_serve.serving.control.desired import DesiredFile
from hikari_serve.serving.control.opening import first
from hikari_serve.serving.oip.dataplane import DataPlane
from hikari_serve.serving.oip.http.door import oip_routes
from hikari_serve.serving.oip.messages import InferRequest, InferResponse, OnPart
from hikari_serve.serving.oip.statistics import Statistics
from hikari_serve.serving.readiness import Readiness
from hikari_serve.settings import Settings
from tests.scripted import REPOSITORY, Bench


class Plane:
    """A data plane, with the stages that answer it."""

    def __init__(self, control: Path | None = None) -> None:
        """Args:
        control: The folder of the file that models are loaded and unloaded by; None has none.
        """
        self.bench = Bench()
        cascade = self.bench.cascade
        self.statistics = Statistics(cascade.graph)
        cascade.observer = self.statistics
        readiness = Readiness(self.bench.stages, cascade.graph.headline)
        served = {"demo": LoadedCascade(REPOSITORY.config("demo"), cascade.graph)}
        controller = None
        if control is not None:
            file = DesiredFile(control)
            file.begin(first(served, {"group": {"demo_group": [1]}}))
            controller = Controller(file, Settings(models=REPOSITORY.root), served)
        self.plane = DataPlane(
            served,
            cascade,
            REPOSITORY,
            readiness,
            self.statistics,
            as_json,
            controller=controller,
        )

    def infer(self, request: InferRequest, on_part: OnPart | None = None) -> InferResponse:
        return asyncio.run(self.plane.infer(request, on_part))


@pytest.fixture
def plane() -> Plane:
    return Plane()


@contextmanager
def over_http(plane: Plane) -> Iterator[TestClient]:
    app = Starlette(routes=oip_routes())
    app.state.settings = Settings(max_image_bytes=100_000)
    app.state.dataplane = plane.plane
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def http(plane: Plane) -> Iterator[TestClient]:
    with over_http(plane) as client:
        yield client
