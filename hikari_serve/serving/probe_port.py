"""Health and metrics on a port of their own: in plain HTTP, without keys, and nothing else.

The supervisor listens there, and every process of the service that it was started for answers, as
on the service's own port.
"""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hikari_serve.errors import NotFound
from hikari_serve.serving.connection import GuardedProtocol
from hikari_serve.serving.doorstep import METRICS, Doorstep
from hikari_serve.serving.errors import error_response


class ProbePort:
    """ASGI middleware that answers probes on a second port while its application lives."""

    def __init__(self, app: ASGIApp, fd: int) -> None:
        """Args:
        app: What answers the probes.
        fd: Of a socket that listens.
        """
        self._app = app
        self._fd = fd

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on, unless it is for metrics, which are no longer here."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == METRICS:
            error = NotFound(f"{METRICS} is on a port of its own (HIKARI_METRICS_PORT)")
            await error_response(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        server = _Beside(
            uvicorn.Config(
                Doorstep(self._app, paths=()),
                http=_Probed,
                lifespan="off",
                log_config=None,
                server_header=False,
            )
        )
        serving: list[asyncio.Task[None]] = []

        async def tell(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                listening = socket.socket(fileno=self._fd)
                serving.append(asyncio.create_task(server.serve([listening])))
            elif message["type"].startswith("lifespan.shutdown."):
                server.should_exit = True
                await asyncio.gather(*serving)
            await send(message)

        await self._app(scope, receive, tell)


class _Probed(GuardedProtocol):
    """Probes and scrapes lose nothing by being asked again."""

    linger = 0


class _Beside(uvicorn.Server):
    """A server beside the one that hears this process's signals."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield
