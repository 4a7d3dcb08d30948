"""`Client` and `AsyncClient`: they differ in how they wait, and in nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing
from typing import Any, Self, Unpack

import httpx
from tenacity import AsyncRetrying, Retrying

from hikari_serve.client.asker import Asker
from hikari_serve.client.events import Again, EventReader, StreamEvent
from hikari_serve.client.protocol import Options, Picture
from hikari_serve.presentation.answer import Answer


class Client(Asker[httpx.Client]):
    """Asks a server; one pool of connections, to be used from any number of threads."""

    _pool = httpx.Client

    def diagnose(self, image: Picture, **options: Unpack[Options]) -> Answer:
        """Asks for everything that the cascade finds in a picture.

        Raises:
            HikariError: The server's own error, as the class of `errors.py` that it raised.
            Unavailable: There is no server, or what answers is none.
            DeadlineExceeded: It was silent for longer than `timeout` allows.
            OSError: The picture's file cannot be read.
        """
        request = self._protocol.request(image, options)

        def ask() -> Answer:
            with self._protocol.failures():
                return self._protocol.answer(self._http.post("/diagnose", **request))

        return Retrying(**self._retrying)(ask)

    def stream(
        self, image: Picture, **options: Unpack[Options]
    ) -> Generator[StreamEvent, None, None]:
        """Asks for the same, event by event; the last one has the `Answer`.

        A request that is asked again begins anew with the event `reconnect`: what came before it
        comes once more. Closing the generator hangs up, which cancels the work. Raises what
        `diagnose` does.
        """
        request = self._protocol.request(image, options)
        again = Again()
        for attempt in Retrying(**self._retrying):
            with attempt, again:
                yield from again.told()
                yield from self._events(request)

    def _events(self, request: dict[str, Any]) -> Iterator[StreamEvent]:
        reader = EventReader(self._protocol)
        with (
            self._protocol.failures(),
            self._http.stream("POST", "/diagnose/stream", **request) as response,
        ):
            if not response.is_success:
                response.read()
            self._protocol.check_stream(response)
            for chunk in response.iter_bytes():
                yield from reader.feed(chunk)
                if reader.answered:
                    return
            reader.end()

    def ready(self) -> None:
        """Returns if the server may be asked, as its `/readyz` says.

        Raises:
            Unavailable: It may not, or there is no server; the message says why.
        """
        with self._protocol.failures():
            self._protocol.check(self._http.get("/readyz"))

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class AsyncClient(Asker[httpx.AsyncClient]):
    """`Client` for asyncio."""

    _pool = httpx.AsyncClient

    async def diagnose(self, image: Picture, **options: Unpack[Options]) -> Answer:
        """See `Client.diagnose`; cancelling the call hangs up, which cancels the work."""
        request = await asyncio.to_thread(self._protocol.request, image, options)

        async def ask() -> Answer:
            with self._protocol.failures():
                return self._protocol.answer(await self._http.post("/diagnose", **request))

        return await AsyncRetrying(**self._retrying)(ask)

    async def stream(
        self, image: Picture, **options: Unpack[Options]
    ) -> AsyncGenerator[StreamEvent, None]:
        """See `Client.stream`; `contextlib.aclosing` closes the generator at once."""
        request = await asyncio.to_thread(self._protocol.request, image, options)
        again = Again()
        async for attempt in AsyncRetrying(**self._retrying):
            with attempt, again:
                for event in again.told():
                    yield event
                async with aclosing(self._events(request)) as events:
                    async for event in events:
                        yield event

    async def _events(self, request: dict[str, Any]) -> AsyncGenerator[StreamEvent, None]:
        reader = EventReader(self._protocol)
        with self._protocol.failures():
            async with self._http.stream("POST", "/diagnose/stream", **request) as response:
                if not response.is_success:
                    await response.aread()
                self._protocol.check_stream(response)
                async for chunk in response.aiter_bytes():
                    for event in reader.feed(chunk):
                        yield event
                    if reader.answered:
                        return
                reader.end()

    async def ready(self) -> None:
        """See `Client.ready`."""
        with self._protocol.failures():
            self._protocol.check(await self._http.get("/readyz"))

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()
