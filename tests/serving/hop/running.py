"""A runner's own door on a real server in the test's event loop, which can die; and asking it."""

import asyncio
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from hikari_serve.errors import HikariError, Unavailable
from hikari_serve.serving.hop.door import stage_app
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.hop.replica import Condition
from hikari_serve.stage import Hosted, Item, StageResult, State
from tests.scripted import Scripted


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Runner:
    """A scripted stage behind the door that BentoML's runners have.

    Attributes:
        stage: What answers.
        heads: The headers of every request.
        hung: Whether it answers; cleared, it does not.
        port: Its port, once it has started.
    """

    def __init__(
        self,
        name: str = "group",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        path: Path | None = None,
        tls: tuple[str, str] | None = None,
        processes: int = 1,
    ) -> None:
        self.stage = Scripted(name)
        self.heads: list[dict[bytes, bytes]] = []
        self.hung = asyncio.Event()
        self.hung.set()
        app = stage_app(name, processes)
        app.state.stage = self.stage
        self.port = port
        self._path = path
        cert, key = tls or (None, None)
        self._server = _Server(
            uvicorn.Config(
                self._remember(app),
                host=host,
                port=port,
                uds=str(path) if path else None,
                ssl_certfile=cert,
                ssl_keyfile=key,
                log_level="critical",
                lifespan="off",
            )
        )
        self._scheme = "https" if tls else "http"
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        if self._path:
            return self._path.as_uri()
        return f"{self._scheme}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._serving = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.001)
        if not self._path:
            self.port = int(self._server.servers[0].sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self.die()
        assert self._serving is not None
        await self._serving

    def die(self) -> None:
        """Breaks off every connection, and takes no more."""
        for server in self._server.servers:
            server.close()
        self.break_off()
        self._server.should_exit = self._server.force_exit = True

    def break_off(self) -> None:
        """Breaks off every connection."""
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()

    def _remember(self, app: ASGIApp) -> ASGIApp:
        async def remembering(scope: Scope, receive: Receive, send: Send) -> None:
            self.heads.append(dict(scope["headers"]))
            await self.hung.wait()
            await app(scope, receive, send)

        return remembering


def item(seconds: float = 10, **more: object) -> Item:
    """An item that has so many seconds."""
    fields = {"id": "r", "model": "m", "view": b"", "deadline": time.time() + seconds, **more}
    return Item.model_validate(fields)


async def ask(stage: RemoteStage, seconds: float = 10, **more: object) -> StageResult | HikariError:
    """Asks a stage for an item and closes it; what it answers or raises."""
    try:
        return await stage.infer(item(seconds), **more)  # type: ignore[arg-type]
    except HikariError as error:
        return error
    finally:
        await stage.close()


def hosting(**more: object) -> tuple[Hosted, ...]:
    """What a runner says that hosts one version of `m`, or of what is said."""
    fields = {"model": "m", "version": 1, "state": State.READY, **more}
    return (Hosted.model_validate(fields),)


async def not_ready(stage: RemoteStage) -> Unavailable | None:
    """Why a stage is not ready; None if it is."""
    try:
        await stage.ready()
    except Unavailable as error:
        return error
    return None


def silent(stage: RemoteStage) -> list[str]:
    """The addresses of those that say nothing."""
    return [str(each.endpoint) for each in stage.replicas if each.condition is Condition.SILENT]
