"""Threads are given by priority, then in order; who leaves the line takes none."""

import asyncio
import threading
import time
from functools import partial

from hikari_serve.threads import Threads


def five() -> int:
    return 5


def test_who_waits_is_let_in_by_priority_and_then_in_order() -> None:
    let_in: list[str] = []

    async def main() -> None:
        threads, free = Threads(1, "test"), threading.Event()
        line = [("c", 9), ("a", 5), ("b", 5), ("first", 1)]
        tasks: list[asyncio.Task[object]] = [asyncio.create_task(threads.run(free.wait, five))]
        for name, priority in line:
            await asyncio.sleep(0)
            tasks.append(
                asyncio.create_task(
                    threads.run(partial(let_in.append, name), partial(int, priority))
                )
            )
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert let_in == ["first", "a", "b", "c"]


def test_who_leaves_the_line_takes_no_thread() -> None:
    async def main() -> None:
        threads = Threads(2, "test")
        sleep = partial(time.sleep, 0.002)
        tasks = [asyncio.create_task(threads.run(sleep, five)) for _ in range(20)]
        for at, task in enumerate(tasks):
            await asyncio.sleep(0)
            if at % 3 == 0:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        meet = threading.Barrier(2, timeout=30).wait
        await asyncio.gather(threads.run(meet, five), threads.run(meet, five))

    asyncio.run(main())


def test_who_left_while_it_ran_lets_nobody_in_before_it_is_done() -> None:
    done: list[str] = []

    async def main() -> None:
        threads, free = Threads(1, "test"), threading.Event()
        leaving = asyncio.create_task(threads.run(free.wait, five))
        await asyncio.sleep(0)
        low = asyncio.create_task(threads.run(lambda: done.append("low"), lambda: 9))
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait({leaving})
        urgent = asyncio.create_task(threads.run(lambda: done.append("urgent"), lambda: 1))
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(low, urgent)

    asyncio.run(main())
    assert done == ["urgent", "low"]
