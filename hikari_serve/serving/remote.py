"""A stage in another process or on another machine, over HTTP."""

import json
from functools import cached_property
from http import HTTPStatus
from urllib.parse import urlsplit
from urllib.request import url2pathname

import aiohttp

from hikari_serve.errors import HikariError, Unavailable, from_payload
from hikari_serve.serving.stage_door import HOSTED, NDJSON
from hikari_serve.stage import Hosted, Item, OnText, StageResult

READY_SECONDS = 0.8
"""Within this a live stage answers whether it is ready; `/readyz` as a whole has one second."""

CONNECT_SECONDS = 2.0

IDLE_SECONDS = 2.0
"""A runner closes idle connections after five seconds; we let go of them before that."""

MAX_LINE_BYTES = 64_000_000
"""Of a streamed result; that of `references` holds the cases' pictures."""


class RemoteStage:
    """Speaks to a runner; every call is one request, and closing it cancels the stage's work."""

    def __init__(self, stage: str, address: str) -> None:
        """Args:
        stage: The stage, for messages.
        address: `http(s)://host:port`, or `file:///path` of a unix socket, as BentoML gives
            the address of a service that it started itself.
        """
        self._stage = stage
        parts = urlsplit(address)
        self._socket = url2pathname(parts.path) if parts.scheme == "file" else None
        base = {"file": f"http://{stage}", "tcp": f"http://{parts.netloc}"}
        self._base = base.get(parts.scheme, address).rstrip("/")

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        """The connections; they belong to the event loop of the first call."""
        connector: aiohttp.BaseConnector = (
            aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)
            if self._socket is None
            else aiohttp.UnixConnector(self._socket, limit=0, keepalive_timeout=IDLE_SECONDS)
        )
        # No other limit: the item's deadline rules.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        return aiohttp.ClientSession(
            connector=connector, timeout=timeout, read_bufsize=MAX_LINE_BYTES // 2
        )

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`.

        Raises:
            Unavailable: The runner cannot be reached, or broke off.
        """
        headers = {"content-type": "application/json"}
        if on_text is not None:
            headers["accept"] = NDJSON
        body = item.model_dump_json().encode()
        try:
            async with self._session.post(
                f"{self._base}/infer", data=body, headers=headers
            ) as response:
                return await self._read(response, on_text)
        except aiohttp.ClientError as error:
            raise Unavailable(
                f"the {self._stage} runner cannot be reached ({type(error).__name__})"
            ) from None

    async def ready(self) -> None:
        """Asks the runner; see `Stage.ready`."""
        timeout = aiohttp.ClientTimeout(total=READY_SECONDS)
        try:
            async with self._session.get(f"{self._base}/readyz", timeout=timeout) as response:
                said = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
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
