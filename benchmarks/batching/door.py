"""The two services that are compared, asked in the same way."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from benchmarks.batching import MODEL
from hikari_serve.pictures.view import Preprocessing
from hikari_serve.serving.hop.wire import CALL, write_call
from hikari_serve.stage import Item

VIEW = Preprocessing(max_side=128)
"""The preprocessing of the model's configuration."""

DEADLINE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where a service takes items.

    Attributes:
        name: As the report names it.
        service: What to serve.
        path: Where it takes items.
        batched: Whether a body is a list of items, as BentoML's adaptive batching wants it.
    """

    name: str
    service: str
    path: str
    batched: bool

    def body(self, view: bytes) -> bytes:
        """A request for one view."""
        item = Item(id="", model=MODEL, view=view, deadline=time.time() + DEADLINE_SECONDS)
        if self.batched:
            return json.dumps({"items": [item.model_dump(mode="json")]}).encode()
        return write_call(item)


ADAPTIVE = Door(
    "BentoML's adaptive batching", "benchmarks.batching.adaptive:Adaptive", "/classify", True
)
QUEUED = Door("this server's queue", "benchmarks.batching.queued:Queued", "/infer", False)


class Visitor:
    """A client of one door."""

    def __init__(self, door: Door, client: httpx.AsyncClient) -> None:
        self._door = door
        self._client = client

    async def ask(self, view: bytes, sent: asyncio.Event | None = None) -> int:
        """Sends one item; returns the status of its answer.

        Args:
            view: The item's picture.
            sent: Is set when the whole request is on its way.
        """

        async def trace(step: str, details: Mapping[str, object]) -> None:
            if sent is not None and step == "http11.send_request_body.complete":
                sent.set()

        answer = await self._client.post(
            self._door.path,
            content=self._door.body(view),
            headers={"content-type": "application/json" if self._door.batched else CALL},
            extensions={"trace": trace},
        )
        return answer.status_code

    async def insist(self, view: bytes, sent: asyncio.Event | None = None) -> None:
        """Sends one item that must be answered; arguments as `ask`.

        Raises:
            RuntimeError: It was not.
        """
        status = await self.ask(view, sent)
        if status != httpx.codes.OK:
            raise RuntimeError(f"{self._door.name} answered {status}")

    async def computed(self) -> int:
        """Items that came to the service's engine so far."""
        answer = await self._client.post("/computed", json={})
        return int(answer.raise_for_status().json())
