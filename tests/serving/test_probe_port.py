"""Health and metrics have a port of their own, and nothing else is there."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hikari_serve.serving.doorstep import PROBES, Doorstep
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.probe_port import ProbePort
from tests.serving.threaded import Threaded, threaded

KEY = {"authorization": "Bearer " + "k" * 20}


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello")


@asynccontextmanager
async def life(app: Starlette) -> AsyncIterator[None]:
    yield


@dataclass
class Served:
    api: Threaded
    probes: str


@pytest.fixture
def served() -> Iterator[Served]:
    listening = socket.create_server(("127.0.0.1", 0))
    probes = f"http://127.0.0.1:{listening.getsockname()[1]}"
    routes = [Route(path, hello) for path in (*PROBES, "/diagnose")]
    app = ProbePort(Starlette(routes=routes, lifespan=life), listening.detach())
    guarded = Doorstep(app, hosts=("127.0.0.1",), keys=Keys({"k" * 20: "infer"}))
    with threaded(guarded) as served:
        yield Served(served, probes)


def test_probes_need_neither_key_nor_name_there(served: Served) -> None:
    for path in PROBES:
        answer = httpx.get(served.probes + path, headers={"host": "evil.example"})
        assert (answer.status_code, answer.text) == (200, "hello")
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_nothing_else_is_there(served: Served) -> None:
    assert httpx.get(f"{served.api.url}/diagnose", headers=KEY).status_code == 200
    for path in ("/diagnose", "/", "/docs.json", "/nowhere"):
        assert httpx.get(served.probes + path, headers=KEY).status_code == 404


def test_metrics_are_no_longer_where_the_rest_is(served: Served) -> None:
    answer = httpx.get(f"{served.api.url}/metrics")
    assert answer.status_code == 404
    assert "HIKARI_METRICS_PORT" in answer.json()["error"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert httpx.get(f"{served.api.url}/livez").status_code == 200


def test_it_ends_with_the_server(served: Served) -> None:
    with httpx.Client(base_url=served.probes) as client:  # keeps its connection
        assert client.get("/livez").status_code == 200
        served.api.server.should_exit = True
        served.api.thread.join(5)
        assert not served.api.thread.is_alive()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{served.probes}/livez")
