"""A stage in another process or on another machine, over HTTP."""

import asyncio
import json
import ssl
import time
from contextlib import suppress
from functools import cached_property
from http import HTTPStatus
from urllib.parse import urlsplit
from urllib.request import url2pathname

import aiohttp

from hikari_serve.errors import DeadlineExceeded, HikariError, Unavailable, from_payload
from hikari_serve.serving.stage_door import HOSTED, NDJSON
from hikari_serve.stage import Hosted, Item, OnText, StageResult

READY_SECONDS = 0.8
"""Within this a live stage answers whether it is ready; `/readyz` as a whole has one second."""

CONNECT_SECONDS = 2.0

IDLE_SECONDS = 2.0
"""A runner closes idle connections after five seconds; we let go of them before that."""

REFUSED_SECONDS = 15.0
"""How long an address that takes no connections counts as a server that is being started; after
that, requests no longer wait for it. Weights are loaded after that, and what our own supervisor
starts beside us is waited for as long as the deadline allows."""

RETRY_SECONDS = 0.2
"""Pause between attempts to reach it."""

MAX_TRIES = 3
"""How many runners an item may see die before it counts as what kills them."""

COME_BACK_SECONDS = 1.0
"""What a caller is told who could not wait any longer."""

MARGIN_SECONDS = 0.05
"""So long before the deadline the caller is told why there is no answer."""

UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Nobody took the connection: it was refused, or stayed without an answer."""

MAX_LINE_BYTES = 64_000_000
"""Of a streamed result; that of `references` holds the cases' pictures."""


class RemoteStage:
    """Speaks to a runner; every call is one request, and closing it cancels the stage's work."""

    def __init__(
        self, stage: str, address: str, token: str = "", trust: ssl.SSLContext | None = None
    ) -> None:
        """Args:
        stage: The stage, for messages.
        address: `http(s)://host:port`, or `file:///path` of a unix socket, as BentoML gives
            the address of a service that it started itself.
        token: What the runner wants to be told; empty for nothing.
        trust: What the runner is trusted by, if the address is https; None leaves it to the
            system.
        """
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._stage = stage
        parts = urlsplit(address)
        self._socket = url2pathname(parts.path) if parts.scheme == "file" else None
        base = {"file": f"http://{stage}", "tcp": f"http://{parts.netloc}"}
        self._base = base.get(parts.scheme, address).rstrip("/")
        self._beside = parts.scheme in base
        self._trust: ssl.SSLContext | bool = True if trust is None else trust
        self._refused_since: float | None = None

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        """The connections; they belong to the event loop of the first call."""
        connector: aiohttp.BaseConnector = (
            aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, ssl=self._trust)
            if self._socket is None
            else aiohttp.UnixConnector(self._socket, limit=0, keepalive_timeout=IDLE_SECONDS)
        )
        # No other limit: the item's deadline rules.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        return aiohttp.ClientSession(
            connector=connector,
            timeout=timeout,
            read_bufsize=MAX_LINE_BYTES // 2,
            headers=self._headers,
        )

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`.

        It waits for a runner that is being started as long as the deadline allows, but not for an
        address that has long refused connections. It asks anew if a runner dies with the item,
        unless some of its words were passed on already.

        Raises:
            DeadlineExceeded: The runner works, but did not answer in time.
            Unavailable: It cannot be reached, does not work, or broke off.
        """
        asking = asyncio.ensure_future(self._ask(item, on_text))
        left = item.deadline - time.time() - MARGIN_SECONDS
        try:
            early = max(left - READY_SECONDS, left / 2)
            done, _ = await asyncio.wait({asking}, timeout=max(0.0, early))
            if done:
                return asking.result()
            why = await self._why_late(asking, left - early)
            if asking.done():
                return asking.result()
            if why:
                message = f"the {self._stage} stage cannot answer yet: {why}"
                raise Unavailable(message, retry_after=COME_BACK_SECONDS)
            raise DeadlineExceeded("the deadline passed before this stage answered")
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError, HikariError):
                await asking

    async def _why_late(self, asking: asyncio.Future[StageResult], left: float) -> str:
        """Waits for the answer until the deadline; what the runner says in the meantime."""
        ready = asyncio.ensure_future(self.ready())
        await asyncio.wait({asking}, timeout=max(0.0, left))
        ready.cancel()
        try:
            await ready
        except asyncio.CancelledError:
            return "no answer"
        except HikariError as error:
            return error.message
        return ""

    async def _ask(self, item: Item, on_text: OnText | None) -> StageResult:
        said = False

        def say(text: str) -> None:
            nonlocal said
            said = True
            if on_text is not None:
                on_text(text)

        tries = 0
        while True:
            try:
                result = await self._once(item, None if on_text is None else say)
            except UNCONNECTED as error:
                if self._given_up():
                    raise self._unreachable(error) from None
            except aiohttp.ClientError as error:
                self._refused_since = None
                tries += 1
                if said or tries == MAX_TRIES:
                    raise self._unreachable(error) from None
            else:
                return result
            await asyncio.sleep(RETRY_SECONDS)

    def _given_up(self) -> bool:
        """Remembers that a connection was not taken; whether that has been so for too long."""
        now = time.monotonic()
        self._refused_since = self._refused_since or now
        return not self._beside and now - self._refused_since > REFUSED_SECONDS

    def _unreachable(self, error: aiohttp.ClientError) -> Unavailable:
        return Unavailable(
            f"the {self._stage} runner cannot be reached ({type(error).__name__})",
            retry_after=COME_BACK_SECONDS,
        )

    async def _once(self, item: Item, on_text: OnText | None) -> StageResult:
        headers = {"content-type": "application/json"}
        if on_text is not None:
            headers["accept"] = NDJSON
        body = item.model_dump_json().encode()
        async with self._session.post(
            f"{self._base}/infer", data=body, headers=headers
        ) as response:
            self._refused_since = None
            return await self._read(response, on_text)

    async def ready(self) -> None:
        """Asks the runner; see `Stage.ready`."""
        timeout = aiohttp.ClientTimeout(total=READY_SECONDS)
        try:
            async with self._session.get(f"{self._base}/readyz", timeout=timeout) as response:
                self._refused_since = None
                said = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            if isinstance(error, UNCONNECTED):
                self._given_up()
            raise Unavailable(f"no answer ({type(error).__name__})") from None
        if response.status != HTTPStatus.OK:
            raise Unavailable(said.strip() or f"status {response.status}")

    async def describe(self) -> tuple[Hosted, ...]:
        """Asks the runner; see `Stage.describe`."""
        timeout = aiohttp.ClientTimeout(total=READY_SECONDS)
        try:
            async with self._session.get(f"{self._base}/describe", timeout=timeout) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"no answer ({type(error).__name__})") from None
        if response.status != HTTPStatus.OK:
            raise _error(response.status, body)
        return HOSTED.validate_json(body)

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()

    async def _read(self, response: aiohttp.ClientResponse, on_text: OnText | None) -> StageResult:
        if response.content_type != NDJSON:
            body = await response.read()
            if response.status == HTTPStatus.OK:
                return StageResult.model_validate_json(body)
            raise _error(response.status, body)
        async for line in response.content:
            if line.startswith(b'{"result"'):
                return StageResult.model_validate(json.loads(line)["result"])
            words = json.loads(line)
            if "text" not in words:
                raise from_payload(words)
            if on_text is not None:
                on_text(words["text"])
        raise aiohttp.ClientPayloadError("the stream ended without a result")


def _error(status: int, body: bytes) -> HikariError:
    try:
        return from_payload(json.loads(body))
    except ValueError:
        return Unavailable(f"the runner answered {status}: {body[:200].decode(errors='replace')}")
