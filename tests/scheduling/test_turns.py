"""Turns on one device, in one process: real queues and leases over small scripted engines."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hikari_serve.engines.contract import Call, Engine, Generate, Prompt, Score
from hikari_serve.errors import DeadlineExceeded, EngineFailed, QueueFull
from hikari_serve.scheduling import turns
from hikari_serve.scheduling.job import Done
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
        self.engine = Sleeper(name, device, **shape)
        self.engine.gate.set()
        self.engine.bed.set()
        self._lease = Lease(device.folder)
        self._turns = TurnTaking(self.engine, self._lease)
        self.queue = Queue(self._turns, size=50)

    async def start(self) -> "Served":
        asked = time.time()
        assert await self._lease.acquire(lambda: asked)
        await self.engine.wake()
        await self.ask("warm-up")
        return self

    def ask(self, text: str, seconds: float = 30) -> "asyncio.Task[Done]":
        deadline = time.time() + seconds
        return asyncio.create_task(self.queue.submit(text, lambda: Ask(text), deadline=deadline))

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


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.005)


def run(work: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await work

    asyncio.run(bounded())


def test_it_stays_awake_until_another_wants_the_device(tmp_path: Path) -> None:
    async def main() -> None:
        device = Device(tmp_path)
        one = await Served("one", device).start()
        for text in "abc":
            assert (await one.ask(text)).output == text
        assert device.history == ["one"]
        other = await Served("other", device).start()
        assert (await one.ask("d")).output == "d"
        assert device.history == ["one", "other", "one"]
        await one.close()
        assert (await other.ask("e")).output == "e"
        assert device.history == ["one", "other", "one", "other"]
        await other.close()
        assert device.awake is None

    run(main())


def test_what_comes_while_it_sleeps_is_one_batch(tmp_path: Path) -> None:
    async def main() -> None:
        device = Device(tmp_path)
        one, other = Served("one", device), Served("other", device)
        await one.start()
        await other.start()
        other.engine.gate.clear()
        long = other.ask("long")
        await until(lambda: bool(other.engine.running))
        tasks = []
        for text in "abc":
            tasks.append(one.ask(text))
            await asyncio.sleep(0.05)  # long enough to be looked for
        assert device.awake == "other"
        other.engine.gate.set()
        await asyncio.gather(long, *tasks)
        assert one.engine.batches == [["warm-up"], ["a", "b", "c"]]

    run(main())


def test_what_expires_meanwhile_wakes_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        device = Device(tmp_path)
        one, other = Served("one", device), Served("other", device)
        await one.start()
        await other.start()
        other.engine.gate.clear()
        long = other.ask("long")
        await until(lambda: bool(other.engine.running))
        with pytest.raises(DeadlineExceeded):
            await one.ask("late", seconds=0.1)
        left = one.ask("left")
        await until(lambda: any((tmp_path / "waiting").iterdir()))
        left.cancel()
        await until(lambda: not any((tmp_path / "waiting").iterdir()))
        other.engine.gate.set()
        await long
        assert (await other.ask("next")).output == "next"
        assert device.history == ["one", "other"]

    run(main())


def test_nobody_starves_and_never_are_two_awake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.1)
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.5)

    async def main() -> None:
        device = Device(tmp_path)
        stop = asyncio.Event()
        patient = await Served("patient", device).start()
        eager = [await Served(name, device).start() for name in ("eager", "keen")]
        # always due earlier than what has a minute, and again as soon as it was answered
        clients = [asyncio.create_task(one.keep_busy(stop, 2)) for one in eager for _ in "12"]
        await until(lambda: all(len(one.engine.batches) > 2 for one in eager))
        answered = [(await patient.ask(f"{i}", seconds=60)).output for i in range(3)]
        assert answered == ["0", "1", "2"]
        stop.set()
        assert all(answers > 3 for answers in await asyncio.gather(*clients))

    run(main())


def test_a_deadline_ends_the_turn_of_a_model_that_has_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 1000)

    async def main() -> None:
        device = Device(tmp_path)
        stop = asyncio.Event()
        urgent = await Served("urgent", device).start()
        busy = await Served("busy", device).start()
        clients = [asyncio.create_task(busy.keep_busy(stop)) for _ in "12345"]
        await until(lambda: len(busy.engine.batches) > 3)
        assert (await urgent.ask("now", seconds=4)).output == "now"
        stop.set()
        await asyncio.gather(*clients)

    run(main())


def test_an_engine_with_continuous_batching_finishes_before_it_sleeps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.1)

    async def main() -> None:
        device = Device(tmp_path)
        stop = asyncio.Event()
        one = await Served("one", device).start()
        many = await Served("many", device, max_batch=1, concurrency=8).start()
        clients = [asyncio.create_task(many.keep_busy(stop)) for _ in range(6)]
        await until(lambda: many.engine.running == 6)
        for text in "ab":
            assert (await one.ask(text)).output == text
        stop.set()
        await asyncio.gather(*clients)
        assert device.history.count("one") == 3

    run(main())


def test_a_wake_that_fails_ends_what_waits_for_it_and_nothing_else(tmp_path: Path) -> None:
    async def main() -> None:
        device = Device(tmp_path)
        one, other = Served("one", device), Served("other", device)
        await one.start()
        await other.start()
        one.engine.wake_error = RuntimeError("no memory left")
        for answer in await asyncio.gather(one.ask("a"), one.ask("b"), return_exceptions=True):
            assert isinstance(answer, EngineFailed)
            assert "no memory left" in answer.message
        assert (await other.ask("c")).output == "c"
        one.engine.wake_error = None
        assert (await one.ask("d")).output == "d"

    run(main())


def test_what_comes_while_a_turn_is_given_up_has_the_next(tmp_path: Path) -> None:
    async def main() -> None:
        device = Device(tmp_path)
        one, other = Served("one", device), Served("other", device)
        await one.start()
        await other.start()
        one.engine.wake_error = RuntimeError("no memory left")
        one.engine.bed.clear()
        failed = one.ask("a")
        with pytest.raises(EngineFailed, match="no memory left"):
            await failed
        one.engine.wake_error = None
        late = one.ask("b")
        await asyncio.sleep(0.05)  # it waits for the engine by now
        one.engine.bed.set()
        assert (await asyncio.wait_for(late, 5)).output == "b"

    run(main())


def test_a_sleep_that_fails_once_costs_nobody_the_device(tmp_path: Path) -> None:
    async def main() -> None:
        device = Device(tmp_path)
        one, other = Served("one", device), Served("other", device)
        await one.start()
        one.engine.sleep_errors = [RuntimeError("no room for the weights")]
        starting = asyncio.create_task(other.start())
        await asyncio.wait_for(starting, 5)
        assert (await asyncio.wait_for(one.ask("a"), 5)).output == "a"

    run(main())


def test_a_model_that_cannot_sleep_is_dead_and_keeps_the_device(tmp_path: Path) -> None:
    async def main() -> None:
        device = Device(tmp_path)
        one, other = Served("one", device), Served("other", device)
        await one.start()
        one.engine.sleep_errors = [RuntimeError("no room for the weights")] * 2
        starting = asyncio.create_task(other.start())
        await until(lambda: one.engine.sleeps == 2)
        meanwhile = one.ask("meanwhile")
        reason = await asyncio.wait_for(one.died(), 5)
        with pytest.raises(EngineFailed, match="cannot leave the device"):
            await asyncio.wait_for(meanwhile, 5)
        assert "cannot leave the device: no room for the weights" in reason
        with pytest.raises(EngineFailed, match="cannot leave the device"):
            await asyncio.wait_for(one.ask("a"), 5)
        await asyncio.sleep(0.1)
        assert device.awake == "one"  # its memory is not free, and nobody was told that it is
        await one.close()  # as the end of its process would
        await asyncio.wait_for(starting, 5)
        assert device.awake == "other"

    run(main())


def test_a_full_queue_knows_how_long_a_turn_takes_to_come(tmp_path: Path) -> None:
    async def main() -> None:
        device = Device(tmp_path)
        one, other = Served("one", device), Served("other", device)
        await one.start()
        await other.start()
        other.engine.gate.clear()
        long = other.ask("long")
        await until(lambda: bool(other.engine.running))
        tasks = [one.ask(f"{i}") for i in range(50)]
        await asyncio.sleep(0.5)  # a turn that took so long to come
        other.engine.gate.set()
        await asyncio.gather(long, *tasks)
        other.engine.gate.clear()
        long = other.ask("again")
        await until(lambda: bool(other.engine.running))
        tasks = [one.ask(f"{i}") for i in range(50)]
        await until(lambda: any((tmp_path / "waiting").iterdir()))
        with pytest.raises(QueueFull) as refused:
            await one.ask("one more")
        assert refused.value.retry_after is not None
        assert refused.value.retry_after > 0.25
        other.engine.gate.set()
        await asyncio.gather(long, *tasks)

    run(main())
