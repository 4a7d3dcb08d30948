"""Turns on one device: who has it, for how long, and in which order."""

import asyncio
from pathlib import Path

import pytest

from hikari_serve.errors import DeadlineExceeded, QueueFull
from hikari_serve.scheduling import turns
from tests.scheduling.turning import Device, Served, run, two, until


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
        one, other = await two(tmp_path)
        other.engine.gate.clear()
        long = other.ask("long")
        await until(lambda: bool(other.engine.running))
        tasks = []
        for text in "abc":
            tasks.append(one.ask(text))
            await asyncio.sleep(0.05)  # long enough to be looked for
        assert one.device.awake == "other"
        other.engine.gate.set()
        await asyncio.gather(long, *tasks)
        assert one.engine.batches == [["warm-up"], ["a", "b", "c"]]

    run(main())


def test_what_expires_meanwhile_wakes_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        one, other = await two(tmp_path)
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
        assert one.device.history == ["one", "other"]

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
        assert device.history.count("one") >= 2  # both may be asked in one turn

    run(main())


def test_a_full_queue_knows_how_long_a_turn_takes_to_come(tmp_path: Path) -> None:
    async def main() -> None:
        one, other = await two(tmp_path)
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
