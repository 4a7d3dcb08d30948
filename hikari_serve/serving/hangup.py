"""Work that lives only as long as its caller: a client that hangs up cancels it at once.

ASGI servers do not cancel a handler when the client leaves; they only say so to whoever reads
the connection. So every door runs its work through here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a request whose client left; it reaches nobody but the access log."""


class HungUp(Exception):
    """The client closed the connection before the answer was there."""


async def while_connected(receive: Receive, work: Awaitable[T]) -> T:
    """Waits for `work`, and cancels it when the client hangs up.

    Args:
        receive: The connection, after the request's body was read.
        work: What to wait for.

    Raises:
        HungUp: The client left first.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_hang_up(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HungUp
        return task.result()
    finally:
        gone.cancel()
        task.cancel()


async def _hang_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def respond_while_connected(request: Request, work: Awaitable[Response]) -> Response:
    """The response that `work` makes, or one that nobody hears where the client left."""
    try:
        return await while_connected(request.receive, work)
    except HungUp:
        return Response(status_code=CLIENT_CLOSED_REQUEST)


async def handle_hang_up(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for a client that left before it had sent all."""
    return Response(status_code=CLIENT_CLOSED_REQUEST)


Write = Callable[[str], None]
"""Sends the next chunk of a stream."""

PULSE_SECONDS = 15.0
"""Proxies commonly close a connection on which nothing came for 30 or 60 seconds."""


class LiveStream(Response):
    """A response whose chunks are written while its work goes on.

    The status line waits for the first chunk, so that work which fails before it wrote anything
    can still answer with its own status.
    """

    def __init__(
        self,
        work: Callable[[Write], Awaitable[Response | None]],
        media_type: str,
        pulse: str | None = None,
    ) -> None:
        """Args:
        work: Writes chunks; returns a response only if it wrote none.
        media_type: Of the stream.
        pulse: Written between chunks that are more than `PULSE_SECONDS` apart.
        """
        self._work = work
        self._media_type = media_type
        self._pulse = pulse
        self.background = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs the work and sends its chunks until it ends or the client leaves."""
        with suppress(HungUp):
            await while_connected(receive, self._run(scope, receive, send))

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        chunks: asyncio.Queue[str | None] = asyncio.Queue()
        work = asyncio.ensure_future(self._work(chunks.put_nowait))
        work.add_done_callback(lambda _: chunks.put_nowait(None))
        try:
            first = await chunks.get()
            if first is None and (alone := work.result()) is not None:
                await alone(scope, receive, send)
                return
            await send(self._start({"cache-control": "no-store", "x-accel-buffering": "no"}))
            chunk = first
            while chunk is not None:
                body = {"type": "http.response.body", "body": chunk.encode(), "more_body": True}
                await send(body)
                chunk = await self._next(chunks)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            work.result()
        finally:
            work.cancel()

    async def _next(self, chunks: asyncio.Queue[str | None]) -> str | None:
        if self._pulse is None:
            return await chunks.get()
        try:
            async with asyncio.timeout(PULSE_SECONDS):
                return await chunks.get()
        except TimeoutError:
            return self._pulse

    def _start(self, headers: Mapping[str, str]) -> dict[str, object]:
        every = {"content-type": self._media_type, **headers}
        raw = [(name.encode(), value.encode()) for name, value in every.items()]
        return {"type": "http.response.start", "status": 200, "headers": raw}
