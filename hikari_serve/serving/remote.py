"""A stage in another process or on another machine, over HTTP."""

import json
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx

from hikari_serve.errors import HikariError, Unavailable, from_payload
from hikari_serve.serving.stage_door import NDJSON
from hikari_serve.stage import Item, OnText, StageResult

READY_SECONDS = 0.8
"""Within this a live stage answers whether it is ready; `/readyz` as a whole has one second."""

CONNECT_SECONDS = 2.0


class RemoteStage:
    """Speaks to a runner; every call is one request, and closing it cancels the stage's work."""

    def __init__(self, task: str, address: str) -> None:
        """Args:
        task: The runner's task, for messages.
        address: `http(s)://host:port`, or `file:///path` of a unix socket, as BentoML gives
            the address of a service that it started itself.
        """
        self._task = task
        parts = urlsplit(address)
        socket = url2pathname(parts.path) if parts.scheme == "file" else None
        base = {"file": f"http://{task}", "tcp": f"http://{parts.netloc}"}
        # A runner closes idle connections after five seconds; we let go of them before that.
        limits = httpx.Limits(max_connections=None, keepalive_expiry=2.0)
        self._client = httpx.AsyncClient(
            base_url=base.get(parts.scheme, address),
            transport=httpx.AsyncHTTPTransport(uds=socket, limits=limits),
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),  # the item's deadline rules
        )

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`.

        Raises:
            Unavailable: The runner cannot be reached, or broke off.
        """
        headers = {"content-type": "application/json"}
        if on_text is not None:
            headers["accept"] = NDJSON
        request = self._client.build_request(
            "POST", "/infer", content=item.model_dump_json(), headers=headers
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                return await self._read(response, on_text)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise Unavailable(
                f"the {self._task} runner cannot be reached ({type(error).__name__})"
            ) from None

    async def ready(self) -> None:
        """Asks the runner; see `Stage.ready`."""
        try:
            response = await self._client.get("/readyz", timeout=READY_SECONDS)
        except httpx.HTTPError as error:
            raise Unavailable(f"no answer ({type(error).__name__})") from None
        if response.status_code != httpx.codes.OK:
            raise Unavailable(response.text.strip() or f"status {response.status_code}")

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _read(self, response: httpx.Response, on_text: OnText | None) -> StageResult:
        if response.headers.get("content-type") != NDJSON:
            body = await response.aread()
            if response.status_code == httpx.codes.OK:
                return StageResult.model_validate_json(body)
            raise _error(response.status_code, body)
        async for line in response.aiter_lines():
            if line.startswith('{"result"'):
                return StageResult.model_validate(json.loads(line)["result"])
            words = json.loads(line)
            if "text" not in words:
                raise from_payload(words)
            if on_text is not None:
                on_text(words["text"])
        raise httpx.RemoteProtocolError("the stream ended without a result")


def _error(status: int, body: bytes) -> HikariError:
    try:
        return from_payload(json.loads(body))
    except ValueError:
        return Unavailable(f"the runner answered {status}: {body[:200].decode(errors='replace')}")
