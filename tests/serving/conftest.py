"""A real HTTP server around the API's own routes, over scripted stages."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette

from hikari_serve.observer import NOBODY, Observer
from hikari_serve.serving.admission import Admission
from hikari_serve.serving.connection import GuardedProtocol
from hikari_serve.serving.diagnose.door import diagnose_app
from hikari_serve.serving.doorstep import Doorstep
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.readiness import Readiness, ReadinessDoor, ReadinessState
from hikari_serve.settings import Settings
from tests.scripted import Bench
from tests.serving.threaded import threaded


@dataclass
class Api:
    """The server's address, and the stages behind it."""

    url: str
    bench: Bench
    client: httpx.Client


@pytest.fixture
def keys() -> Keys | None:
    """Those that the server asks for: none, unless a test parametrizes this."""
    return None


@pytest.fixture
def observer() -> Observer:
    """Who hears how requests end: nobody, unless a module says who."""
    return NOBODY


@pytest.fixture
def admission() -> Admission | None:
    """What bounds the requests at once: nothing, unless a module says what."""
    return None


@pytest.fixture
def api(keys: Keys | None, observer: Observer, admission: Admission | None) -> Iterator[Api]:
    bench = Bench()

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        yield
        for stage in bench.stages.values():
            if isinstance(stage, RemoteStage):  # its connections belong to the server's loop
                await stage.close()

    app = diagnose_app(Settings(max_image_bytes=100_000), bench.cascade.graph)
    app.router.lifespan_context = life
    app.state.cascade = bench.cascade
    state = ReadinessState()
    state.readiness = Readiness(bench.stages, bench.cascade.graph.headline)
    guarded = Doorstep(ReadinessDoor(app, state), keys=keys, observer=observer, admission=admission)
    with threaded(guarded, GuardedProtocol) as served, httpx.Client(base_url=served.url) as client:
        yield Api(served.url, bench, client)
