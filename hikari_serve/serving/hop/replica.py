"""One replica of a stage: its connections, what is in flight there, and whether it can be asked."""

import asyncio
import logging
import math
import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from http import HTTPStatus
from io import BytesIO

import aiohttp

from hikari_serve.errors import HikariError, Mismatch, QueueFull, Unavailable
from hikari_serve.serving.hop.connector import connector_of
from hikari_serve.serving.hop.endpoints import Endpoint
from hikari_serve.serving.hop.wire import (
    CALL,
    CALL_BYTES,
    NDJSON,
    PROTOCOL,
    Introduction,
    read_error,
    read_introduction,
    read_line,
    read_result,
    write_call,
)
from hikari_serve.stage import (
    UNLOADED,
    Hosted,
    Item,
    OnText,
    StageResult,
    State,
    check_digests,
)

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0

LOOK_SECONDS = 0.8
"""Within this a live runner introduces itself; `/readyz` as a whole has one second."""

LOOK_CONNECT_SECONDS = 0.4
"""Within this a look is connected, or nobody is there: a kernel takes connections however busy its
runner is. In TLS the runner has a part in that itself, so there a look has its whole time."""

HUNG_SECONDS = 10.0
"""How long one that takes connections may say nothing before it counts as hung. One look that it
misses, because its cores are throttled or it has much to do, must not take every API that asks it
out of its load balancer at once; ten in a row, and no answer meanwhile, are another matter."""

REST_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses before one that took no connection is tried again."""

FRESH_TRIES = 4
"""How often another process is looked for where several answer at one address and the one that was
asked refuses, or is not up: on new connections, which any of them may take, while those that are
kept lead to one."""

FRESH_SECONDS = 0.02
"""The longest pause before: the process that has just answered is awake, and the first to take a
connection that comes at once."""

UNCONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Nobody took the connection: it was refused, or stayed without an answer."""


class Condition(IntEnum):
    """How a replica is; the lower, the rather it is asked."""

    UP = 0
    SILENT = 1
    """It takes connections and does not say in time how it is: it hangs, or has much to do."""
    LOADING = 2
    DOWN = 3
    """Nobody is there, or one whose engine died and whose process ends."""
    UNFIT = 4
    """It is there, and not what the cascade needs."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a cascade needs of a stage's runner.

    Attributes:
        model: The model.
        version: Its version; None is any.
        digests: What the model must have been made of, as `Item.digests` says it.
    """

    model: str
    version: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)


Needed = Callable[[], Sequence[Needs]]
"""What a runner may be needed for now: one of these it must meet; none is anything."""


class Replica:
    """Speaks to one runner.

    Attributes:
        endpoint: Where it answers.
        condition: How it was when last heard of.
        why: Why it cannot be asked, as a sentence; empty if it can.
        in_flight: Calls that it has not answered yet.
        hosted: What it hosted when last heard of.
        processes: How many answer at its address, each with a queue of its own.
    """

    def __init__(
        self,
        stage: str,
        endpoint: Endpoint,
        needed: Needed,
        token: str,
        trust: ssl.SSLContext | None,
    ) -> None:
        """Args:
        stage: The stage that it must be of.
        endpoint: Where it answers.
        needed: What it may be needed for.
        token: What it wants to be told; empty for nothing.
        trust: What it is trusted by, if it is asked by https; None leaves it to the system.
        """
        self.endpoint = endpoint
        self.condition = Condition.DOWN
        self.why = "no answer"
        self.in_flight = 0
        self.hosted: tuple[Hosted, ...] = ()
        self.processes = 1
        self._stage = stage
        self._needed = needed
        self._rests = 0
        self._rest_until = 0.0
        self._able_at = -math.inf
        headers = {"host": endpoint.host}
        if token:
            headers["authorization"] = f"Bearer {token}"
        # No limit in all: the item's deadline rules, and the connection ends with the machine.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        self._session, self._fresh = (
            aiohttp.ClientSession(
                connector=connector_of(endpoint, trust, keep=keep),
                timeout=timeout,
                read_bufsize=CALL_BYTES // 2,
                headers=headers,
            )
            for keep in (True, False)
        )

    @property
    def ready(self) -> bool:
        """Whether it can be asked, and does not hang."""
        if self.condition is Condition.SILENT:
            return time.monotonic() - self._able_at < HUNG_SECONDS
        return self.condition is Condition.UP

    async def infer(self, item: Item, on_text: OnText | None) -> StageResult:
        """Asks it; where several processes answer, others of them too if one refuses.

        Args:
            item: What to answer.
            on_text: Hears words on the way.

        Raises:
            aiohttp.ClientError: It was not reached, or broke off.
            HikariError: What it answered.
        """
        self.in_flight += 1
        try:
            told = await self._ask(self._session, item, on_text)
            for _ in range(FRESH_TRIES):
                if self.processes == 1 or not isinstance(told, QueueFull | Unavailable):
                    break
                await asyncio.sleep(random.uniform(0, FRESH_SECONDS))
                told = await self._ask(self._fresh, item, on_text)
        except aiohttp.ClientError as error:
            self.lost(error)
            raise
        finally:
            self.in_flight -= 1
        if isinstance(told, HikariError):
            raise told
        return told

    async def _ask(
        self, session: aiohttp.ClientSession, item: Item, on_text: OnText | None
    ) -> StageResult | HikariError:
        """What one process answers; an error that is returned was told before any word."""
        headers = {"content-type": CALL}
        if on_text is not None:
            headers["accept"] = NDJSON
        async with session.post(
            f"{self.endpoint.base}/infer",
            data=BytesIO(write_call(item)),
            headers=headers,
            server_hostname=self.endpoint.name,
        ) as response:
            if not response.ok:
                return read_error(response.status, await response.read())
            self._able_at = time.monotonic()
            return await _read(response, on_text)

    async def look(self) -> None:
        """Asks it who it is, unless it rests; its condition says what came of that."""
        if time.monotonic() < self._rest_until:
            return
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                seen = await self._see(self._session)
                for _ in range(FRESH_TRIES):
                    if self.processes == 1 or seen[0] is Condition.UP:
                        break
                    await asyncio.sleep(random.uniform(0, FRESH_SECONDS))
                    seen = min(seen, await self._see(self._fresh))
            self._is(*seen)
        except aiohttp.ClientError as error:
            self.lost(error)
        except TimeoutError:
            self._is(Condition.SILENT, "no answer")

    async def _see(self, session: aiohttp.ClientSession) -> tuple[Condition, str]:
        """How one process says that it is, and why it cannot be asked."""
        connect = LOOK_CONNECT_SECONDS if self.endpoint.name is None else None
        async with session.get(
            f"{self.endpoint.base}/describe",
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
            server_hostname=self.endpoint.name,
        ) as response:
            body = await response.read()
        if response.status != HTTPStatus.OK:
            error = read_error(response.status, body)
            return Condition.UNFIT, f"it refuses to say who it is: {error.message}"
        try:
            return self._judge(read_introduction(body))
        except HikariError as error:
            return Condition.UNFIT, error.message

    def lost(self, error: aiohttp.ClientError) -> None:
        """It was not reached, or broke off: it rests a moment, ever longer."""
        if isinstance(error, UNCONNECTED):
            self._rest_until = time.monotonic() + REST_SECONDS[self._rests]
            self._rests = min(self._rests + 1, len(REST_SECONDS) - 1)
        self._is(Condition.DOWN, f"no answer ({type(error).__name__})")

    def doubt(self, why: str) -> None:
        """It says that it is unavailable: it gets no call before it was looked at.

        It fails in no time, so it would have the least in flight, and draw every call.
        """
        if self.condition < Condition.DOWN:
            self._is(Condition.DOWN, why)

    async def close(self) -> None:
        """Closes the connections."""
        await self._session.close()
        await self._fresh.close()

    def _judge(self, said: Introduction) -> tuple[Condition, str]:
        """Compares what it says with what is needed."""
        self.hosted, self.processes = said.hosted, said.processes
        if said.protocol != PROTOCOL:
            raise Mismatch(f"it speaks protocol {said.protocol}, and this server {PROTOCOL}")
        if said.stage != self._stage:
            raise Mismatch(f"it is a runner of the stage '{said.stage}', not of '{self._stage}'")
        conditions = [_judged(said.hosted, each) for each in self._needed()]
        return min(conditions, default=(Condition.UP, ""))

    def _is(self, condition: Condition, why: str = "") -> None:
        if condition is not Condition.DOWN:
            self._rests, self._rest_until = 0, 0.0
        if condition is not self.condition and Condition.UNFIT in (condition, self.condition):
            said = f"cannot be used: {why}" if why else "can be used"
            logger.warning("the %s runner at %s %s", self._stage, self.endpoint, said)
        self.condition, self.why = condition, why
        if condition is Condition.UP:
            self._able_at = time.monotonic()
        elif condition is not Condition.SILENT:
            self._able_at = -math.inf


def _judged(hosted: Sequence[Hosted], needs: Needs) -> tuple[Condition, str]:
    """How what is hosted meets a need, and why not."""
    mine = [
        each
        for each in hosted
        if each.model == needs.model and needs.version in (None, each.version)
    ]
    if not mine:
        which = needs.model if needs.version is None else f"{needs.model}/{needs.version}"
        there = ", ".join(f"{each.model}/{each.version}" for each in hosted)
        return Condition.UNFIT, f"it hosts {there or 'nothing'}, and {which} is needed"
    best = min(mine, key=lambda each: _READINESS.index(each.state))
    if best.state is State.READY:
        try:
            check_digests(best.model, best.digests, needs.digests)
        except Mismatch as error:
            return Condition.UNFIT, error.message
        return Condition.UP, ""
    reason = f": {best.reason}" if best.reason else ""
    if best.state is State.LOADING:
        kind = Condition.LOADING
    else:  # a process whose engine died ends, and another is started in its place
        kind = Condition.UNFIT if best.reason == UNLOADED else Condition.DOWN
    return kind, f"model '{best.model}' is {best.state}{reason}"


_READINESS = (State.READY, State.LOADING, State.UNAVAILABLE)


async def _read(response: aiohttp.ClientResponse, on_text: OnText | None) -> StageResult:
    if response.content_type != NDJSON:
        return read_result(await response.read())
    async for line in response.content:
        said = read_line(line)
        if isinstance(said, StageResult):
            return said
        if on_text is not None:
            on_text(said)
    raise aiohttp.ClientPayloadError("the stream ended without a result")
