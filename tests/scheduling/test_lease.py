"""The lease between real processes: order, and what a killed one leaves behind."""

import asyncio
import math
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hikari_serve.scheduling.lease import Lease

OTHER = """
import asyncio, pathlib, sys
from hikari_serve.scheduling.lease import Lease

async def main():
    lease = Lease(pathlib.Path(sys.argv[1]))
    print("waits", flush=True)
    await lease.acquire(lambda: float(sys.argv[2]))
    print("holds", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
FAR = time.time() + 1000


@contextmanager
def another_process(folder: Path, due: float) -> Iterator["subprocess.Popen[str]"]:
    """A process that waits for the lease and keeps it until it is killed."""
    command = [sys.executable, "-c", OTHER, str(folder), str(due)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.005)


def take(lease: Lease, due: float) -> bool:
    async def bounded() -> bool:
        async with asyncio.timeout(20):
            return await lease.acquire(lambda: due)

    return asyncio.run(bounded())


def test_the_turn_that_is_due_first_is_next(tmp_path: Path) -> None:
    async def main() -> list[str]:
        leases = {name: Lease(tmp_path) for name in ("holder", "late", "soon", "soonest")}
        due = {"holder": FAR, "late": FAR + 2, "soon": FAR + 1, "soonest": FAR + 3}
        turns: list[str] = []

        async def turn(name: str) -> None:
            await leases[name].acquire(lambda: due[name])
            turns.append(name)
            leases[name].release()

        assert await leases["holder"].acquire(lambda: FAR)
        assert leases["holder"].wanted() is None
        waiting = [asyncio.create_task(turn(name)) for name in ("late", "soon", "soonest")]
        await until(lambda: len(list((tmp_path / "waiting").iterdir())) == 3)
        assert leases["holder"].wanted() == FAR + 1
        due["soonest"] = FAR - 1  # something urgent came for one that waits already
        await until(lambda: leases["holder"].wanted() == FAR - 1)
        leases["holder"].release()
        await asyncio.gather(*waiting)
        assert not any((tmp_path / "waiting").iterdir())
        return turns

    assert asyncio.run(main()) == ["soonest", "soon", "late"]


def test_a_turn_that_is_not_wanted_any_more_is_given_up(tmp_path: Path) -> None:
    async def main() -> None:
        holder, other = Lease(tmp_path), Lease(tmp_path)
        due: list[float | None] = [FAR]
        assert not await other.acquire(lambda: None)
        assert await holder.acquire(lambda: FAR)
        waiting = asyncio.create_task(other.acquire(lambda: due[0]))
        await until(lambda: holder.wanted() is not None)
        due[0] = None
        assert not await waiting
        assert holder.wanted() is None
        waiting = asyncio.create_task(other.acquire(lambda: FAR))
        await until(lambda: holder.wanted() is not None)
        waiting.cancel()
        await until(waiting.done)
        assert holder.wanted() is None
        assert holder.held
        assert not other.held

    asyncio.run(main())


def test_a_killed_holder_gives_the_turn_back(tmp_path: Path) -> None:
    lease = Lease(tmp_path)
    with another_process(tmp_path, FAR) as holder:
        assert [said(holder), said(holder)] == ["waits", "holds"]
        holder.kill()
        assert take(lease, FAR)


def test_a_killed_waiter_keeps_nobody_waiting(tmp_path: Path) -> None:
    lease = Lease(tmp_path)
    assert take(lease, FAR)
    with another_process(tmp_path, due=1.0) as waiter:  # before everybody else
        assert said(waiter) == "waits"
        asyncio.run(until(lambda: lease.wanted() == 1.0))
        waiter.kill()
        asyncio.run(until(lambda: lease.wanted() is None))
    lease.release()
    assert take(lease, FAR)
    assert not any((tmp_path / "waiting").iterdir())


def test_a_holder_sees_that_its_file_was_deleted(tmp_path: Path) -> None:
    holder, other = Lease(tmp_path / "cpu"), Lease(tmp_path / "cpu")
    assert take(holder, FAR)
    assert holder.wanted() is None
    (tmp_path / "cpu" / "waiting").rmdir()  # nobody needs it before somebody waits
    assert holder.wanted() is None
    shutil.rmtree(tmp_path / "cpu")
    assert holder.wanted() == -math.inf
    assert take(other, FAR)
    assert holder.wanted() == -math.inf  # the file that is there now is the other's
    holder.release()
    assert other.wanted() is None
