"""Models that go while they are asked."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from hikari_serve.cascade.loads import LoadedCascade
from hikari_serve.errors import (
    NotFound,
    Unavailable,
)
from hikari_serve.presentation.present import as_json
from hikari_serve.serving.control.controller import Controller
from hikari_serve.serving.control.desired import Desired, DesiredFile
from hikari_serve.serving.control.opening import first
from hikari_serve.serving.oip.dataplane import DataPlane
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.serving.readiness import Readiness
from hikari_serve.settings import Settings
from tests.scripted import REPOSITORY
from tests.serving.oip.asking import pictures
from tests.serving.oip.conftest import Plane


def leaving(plane: Plane, folder: Path, looks: int) -> DataPlane:
    """The same, where all that is served is unloaded after so many looks at it."""
    served = {"demo": LoadedCascade(REPOSITORY.config("demo"), plane.bench.cascade.graph)}
    file = DesiredFile(folder)
    file.begin(first(served, {"group": {"demo_group": [1]}}))

    class Leaving(Controller):
        left = looks

        def cascades(self) -> Mapping[str, LoadedCascade]:
            now = super().cascades()
            self.left -= 1
            if not self.left:
                file.write(Desired(revision=2, cascades={}, stages={}))
            return now

    return DataPlane(
        served,
        plane.bench.cascade,
        REPOSITORY,
        Readiness(plane.bench.stages, plane.bench.cascade.graph.headline),
        plane.statistics,
        as_json,
        controller=Leaving(file, Settings(models=REPOSITORY.root), served),
    )


async def ask(plane: DataPlane, call: str, request: InferRequest) -> None:
    if call == "infer":
        await plane.infer(request)
    elif call == "index":
        await plane.index()
    elif call == "ready":
        await plane.model_ready(request.model)
    elif call == "metadata":
        plane.metadata(request.model)
    else:
        plane.statistics()


@pytest.mark.parametrize("model", ["demo", "demo_group"])
@pytest.mark.parametrize("call", ["infer", "index", "ready", "metadata", "statistics"])
@pytest.mark.parametrize("looks", [1, 2, 3, 4])
def test_a_model_that_goes_while_it_is_asked_answers_or_is_said_to_be_gone(
    plane: Plane, tmp_path: Path, model: str, call: str, looks: int
) -> None:
    image = pictures(plane.bench.image, alone=model != "demo")
    with suppress(NotFound, Unavailable):
        asyncio.run(
            ask(leaving(plane, tmp_path, looks), call, InferRequest(model, inputs=(image,)))
        )
