"""When the API may be sent requests, and what its `/readyz` says of the stages."""

import asyncio
import time
from typing import cast

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from hikari_serve.errors import Unavailable
from hikari_serve.serving.readiness import Readiness, ReadinessDoor, ReadinessState
from hikari_serve.stage import Stage
from tests.scripted import Scripted


class Switched(Scripted):
    down = True

    async def ready(self) -> None:
        if self.down:
            raise Unavailable("loading")


@pytest.fixture
def stages() -> dict[str, Switched]:
    return {name: Switched(name) for name in ("group", "disease", "caption")}


def check(readiness: Readiness) -> tuple[bool, set[str]]:
    ready, down = asyncio.run(readiness.check())
    assert set(down.values()) <= {"loading"}
    return ready, set(down)


def test_every_stage_must_have_been_ready_once_and_then_only_the_headline(
    stages: dict[str, Switched],
) -> None:
    readiness = Readiness(cast(dict[str, Stage], stages), "disease")
    assert check(readiness) == (False, {"group", "disease", "caption"})
    stages["group"].down = stages["disease"].down = False
    assert check(readiness) == (False, {"caption"})
    stages["group"].down, stages["caption"].down = True, False
    assert check(readiness) == (True, {"group"})
    stages["caption"].down = True
    assert check(readiness) == (True, {"group", "caption"})
    stages["disease"].down = True
    assert check(readiness) == (False, {"group", "disease", "caption"})


def test_a_headline_does_not_wait_for_ever_for_a_stage_that_is_gone(
    stages: dict[str, Switched],
) -> None:
    readiness = Readiness(cast(dict[str, Stage], stages), "disease", others_seconds=0.2)
    stages["group"].down = False
    time.sleep(0.3)
    assert check(readiness) == (False, {"disease", "caption"})
    stages["disease"].down = False
    assert check(readiness) == (False, {"caption"})  # it has a moment, counted from here
    time.sleep(0.3)
    assert check(readiness) == (True, {"caption"})
    stages["disease"].down = True
    assert check(readiness) == (False, {"disease", "caption"})


def test_the_door_says_so(stages: dict[str, Switched]) -> None:
    state = ReadinessState()
    client = TestClient(ReadinessDoor(PlainTextResponse("inside"), state))
    assert client.get("/readyz").text == "inside"  # nobody to ask before the service has started
    state.readiness = Readiness(cast(dict[str, Stage], stages), "disease")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "down": dict.fromkeys(stages, "loading")}
    for stage in stages.values():
        stage.down = False
    assert client.get("/readyz").json() == {"ready": True, "down": {}}
    assert client.get("/livez").text == "inside"
