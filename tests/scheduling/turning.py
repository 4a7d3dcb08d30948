"""Models that take turns on one device, in one process: real queues and leases, scripted engines."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from hikari_serve.engines.contract import Call, Engine, Generate, Prompt, Score
from hikari_serve.observer import Observer
from hikari_serve.scheduling.job import Asked, Done
from hikari_serve.scheduling.lease import Lease
from hikari_serve.scheduling.queue import Queue
from hikari_serve.scheduling.turns import TurnTaking

NUMBERS = count()


@dataclass
class Ask:
    text: str
    work: int = 1


@dataclass
class Device:
    """What the models fight for: has room for one, and remembers who had it."""

    folder: Path
    awake: str | None = None
    history: list[str] = field(default_factory=list)

    def take(self, name: str) -> None:
        assert self.awake is None, f"{name} wakes while {self.awake} is awake"
        self.awake = name
        self.history.append(name)

    def leave(self, name: str) -> None:
        assert self.awake == name
        self.awake = None


@dataclass
class Hears(Observer):
    """Whether a model is awake, as who counts is told."""

    awake: bool | None = None

    def turn_began(self, model: str, version: int, waited: float) -> None:
        self.awake = True

    def turn_ended(self, model: str, version: int) -> None:
        self.awake = False


@dataclass
class Sleeper(Engine):
    """Echoes its calls while its gate is open, and checks that it is awake meanwhile."""

    name: str
    device: Device
    max_batch: int = 4
    concurrency: int = 1
    max_work: int = 1000
    step_s: float = 0.01
    running: int = 0
    sleeps: int = 0
    batches: list[list[str]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    bed: asyncio.Event = field(default_factory=asyncio.Event)
    wake_error: Exception | None = None
    sleep_errors: list[Exception] = field(default_factory=list)

    def prepare(self, prompt: Prompt, want: Score | Generate) -> Ask:
        raise NotImplementedError("items bring their own `prepare`")

    async def run(self, calls: Sequence[Call]) -> None:
        self.running += 1
        self.batches.append([call.request.text for call in calls])
        await self.gate.wait()
        await asyncio.sleep(self.step_s)
        assert self.device.awake == self.name
        for call in calls:
            call.finish(call.request.text)
        self.running -= 1

    async def sleep(self) -> None:
        assert not self.running
        self.sleeps += 1
        if self.sleep_errors:
            await asyncio.sleep(0.1)
            raise self.sleep_errors.pop()
        await self.bed.wait()
        if self.device.awake == self.name:
            self.device.leave(self.name)

    async def wake(self) -> None:
        if self.wake_error is not None:
            raise self.wake_error
        self.device.take(self.name)

    async def close(self) -> None:
        if self.device.awake == self.name:
            self.device.leave(self.name)


class Served:
    """A model that takes turns, as its host starts it."""

    def __init__(self, name: str, device: Device, **shape: Any) -> None:
        self.device = device
        self.engine = Sleeper(name, device, **shape)
        self.engine.gate.set()
        self.engine.bed.set()
        self._lease = Lease(device.folder)
        self.told = Hears()
        self._turns = TurnTaking(self.engine, self._lease, observer=self.told)
        self.queue = Queue(self._turns, size=50)

    async def start(self) -> "Served":
        asked = time.time()
        assert await self._lease.acquire(lambda: asked)
        await self.engine.wake()
        await self.ask("warm-up")
        return self

    def ask(self, text: str, seconds: float = 30) -> "asyncio.Task[Done]":
        deadline = time.time() + seconds
        return asyncio.create_task(
            self.queue.submit(text, lambda: Asked(Ask(text)), deadline=deadline)
        )

    async def keep_busy(self, until: asyncio.Event, seconds: float = 30) -> int:
        """A client that always has one more question; returns how many were answered."""
        answered = 0
        while not until.is_set():
            text = f"{next(NUMBERS)}"  # equal questions would be computed once
            assert (await self.ask(text, seconds)).output == text
            answered += 1
        return answered

    async def died(self) -> str:
        return await self._turns.died()

    async def close(self) -> None:
        await self.queue.close()
        await self._turns.close()


async def two(folder: Path) -> tuple[Served, Served]:
    """Two models of one device, both started: the other one is awake."""
    device = Device(folder)
    return await Served("one", device).start(), await Served("other", device).start()


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


def run(work: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await work

    asyncio.run(bounded())
