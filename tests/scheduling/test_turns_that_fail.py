"""Turns that fail: a wake or a sleep that the device refuses."""

import asyncio
import shutil
from pathlib import Path

import pytest

from hikari_serve.errors import EngineFailed
from tests.scheduling.turning import Device, Served, run, two, until


def test_a_wake_that_fails_ends_what_waits_for_it_and_nothing_else(tmp_path: Path) -> None:
    async def main() -> None:
        one, other = await two(tmp_path)
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
        one, _ = await two(tmp_path)
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
        assert (one.told.awake, other.told.awake) == (False, True)
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


def test_a_deleted_folder_of_locks_is_made_again(tmp_path: Path) -> None:
    async def main() -> None:
        one, other = await two(tmp_path / "cpu")
        shutil.rmtree(tmp_path / "cpu")
        await until(lambda: one.device.awake is None)  # nothing keeps others out any more
        for text in "ab":
            for model in (one, other):
                assert (await asyncio.wait_for(model.ask(text), 5)).output == text

    run(main())


def test_work_that_can_have_no_turn_is_told_why_and_what_comes_later_is_served(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        one, other = await two(tmp_path / "cpu")
        shutil.rmtree(tmp_path / "cpu")
        (tmp_path / "cpu").touch()
        for _ in "12":
            with pytest.raises(EngineFailed, match=r"no turn on the device can be had: .*cpu"):
                await asyncio.wait_for(one.ask("a"), 5)
        (tmp_path / "cpu").unlink()
        assert (await asyncio.wait_for(one.ask("a"), 5)).output == "a"
        assert (await asyncio.wait_for(other.ask("b"), 5)).output == "b"

    run(main())
