"""The data plane over scripted stages, and both doors to it."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from hikari_serve.cascade.loads import LoadedCascade
from hikari_serve.presentation.present import as_json
from hikari_serve.serving.oip.dataplane import DataPlane
from hikari_serve.serving.oip.http.door import oip_routes
from hikari_serve.serving.oip.messages import InferRequest, InferResponse, OnPart
from hikari_serve.serving.oip.statistics import Statistics
from hikari_serve.serving.readiness import Readiness
from hikari_serve.settings import Settings
from tests.scripted import REPOSITORY, Bench


class Plane:
    """A data plane, with the stages that answer it."""

    def __init__(self) -> None:
        self.bench = Bench()
        cascade = self.bench.cascade
        self.statistics = Statistics(cascade.graph)
        cascade.observer = self.statistics
        readiness = Readiness(self.bench.stages, cascade.graph.headline)
        self.plane = DataPlane(
            {"demo": LoadedCascade(REPOSITORY.config("demo"), cascade.graph)},
            cascade,
            REPOSITORY,
            readiness,
            self.statistics,
            as_json,
        )

    def infer(self, request: InferRequest, on_part: OnPart | None = None) -> InferResponse:
        return asyncio.run(self.plane.infer(request, on_part))


@pytest.fixture
def plane() -> Plane:
    return Plane()


@pytest.fixture
def http(plane: Plane) -> Iterator[TestClient]:
    app = Starlette(routes=oip_routes())
    app.state.settings = Settings(max_image_bytes=100_000)
    app.state.dataplane = plane.plane
    with TestClient(app, base_url="http://localhost") as client:
        yield client
