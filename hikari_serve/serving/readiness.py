"""Whether the API may be sent requests: `/readyz`, and the sentence that says why not.

It is ready for the first time when every stage was ready once, or the headline stage has waited a
minute for the others. From then on only the headline takes it out: without any other it still
answers, partially, and a load balancer that took every API out for one dead stage would make a
partial outage a whole one.
"""

import asyncio
import logging
import time
from collections.abc import Mapping

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hikari_serve.errors import HikariError
from hikari_serve.stage import Stage

logger = logging.getLogger(__name__)

PATH = "/readyz"

LOOK_SECONDS = 0.5
"""Between two looks whether the server is ready for the first time."""


OTHERS_SECONDS = 60.0
"""How long a headline that can answer waits, the first time, for the other stages: about what their
weights take longer to load where all start together. Without an end, each API that restarts while
one of them is gone would stay out, and in the end all would."""


class Readiness:
    """The readiness of a cascade's stages, as they are asked for it."""

    def __init__(
        self, stages: Mapping[str, Stage], headline: str, others_seconds: float = OTHERS_SECONDS
    ) -> None:
        """Args:
        stages: What answers for each stage.
        headline: The stage without which nothing is worth asking.
        others_seconds: How long it waits, the first time, for the others.
        """
        self._stages = stages
        self._headline = headline
        self._never = set(stages)
        self._others_seconds = others_seconds
        self._alone_since: float | None = None
        self._stopping = False

    def stop(self) -> None:
        """Says from now on that no request may come: this server lets its last ones end."""
        self._stopping = True

    async def check(self) -> tuple[bool, dict[str, str]]:
        """Asks every stage; takes less than a second.

        Returns:
            Whether requests may come, and for each stage that cannot answer now, why; the server
            itself is `server` where it stops.
        """
        answers = await asyncio.gather(*(_why_not(stage) for stage in self._stages.values()))
        down = {name: why for name, why in zip(self._stages, answers, strict=True) if why}
        self._never &= set(down)
        if self._headline not in self._never and self._waited():
            self._never.clear()
        if self._stopping:
            down["server"] = "it stops"
        return not (self._stopping or self._never or self._headline in down), down

    def _waited(self) -> bool:
        """Whether the headline has waited long enough for the others."""
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        return now - self._alone_since >= self._others_seconds


async def announce(readiness: Readiness, address: str, began: float) -> None:
    """Writes to the log when the server is ready for the first time, and where.

    Args:
        readiness: Of the served cascade.
        address: Where it listens.
        began: When it was started, in seconds since the Unix epoch.
    """
    while not (await readiness.check())[0]:
        await asyncio.sleep(LOOK_SECONDS)
    logger.info("ready: %s after %.0f s", address, time.time() - began)


class ReadinessDoor:
    """Answers `/readyz` in BentoML's place, whose own can only say yes or no.

    `readiness` is set in the scope's application state by whoever starts the service.
    """

    def __init__(self, app: ASGIApp, state: "ReadinessState") -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or hands on what is not asked for readiness."""
        if scope["type"] != "http" or scope["path"] != PATH or self._state.readiness is None:
            await self._app(scope, receive, send)
            return
        ready, down = await self._state.readiness.check()
        body = {"ready": ready, "down": down}
        response = JSONResponse(body, 200 if ready else 503, {"cache-control": "no-store"})
        await response(scope, receive, send)


class ReadinessState:
    """Where the door finds the readiness, once the service has started."""

    readiness: Readiness | None = None


async def _why_not(stage: Stage) -> str:
    try:
        await stage.ready()
    except HikariError as error:
        return error.message
    return ""
