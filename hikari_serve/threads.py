"""So many at a time; who waits is let in by priority, then in the order in which they came."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Threads for what costs much, such as decoding a picture or preparing an item."""

    def __init__(self, count: int, name: str) -> None:
        """Args:
        count: How many there are.
        name: How their names begin.
        """
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)
        self._free = count
        self._waiting: dict[asyncio.Future[None], Callable[[], int]] = {}

    async def run(self, work: Callable[[], T], priority: Callable[[], int]) -> T:
        """Does something in a thread, as soon as one is free.

        A caller that leaves before that takes none; what has begun keeps its thread until it ends.

        Args:
            work: What to do.
            priority: The lower, the sooner; asked for whenever a thread is free.
        """
        loop = asyncio.get_running_loop()
        if self._free:
            self._free -= 1
        else:
            await self._turn(priority)
        running = self._threads.submit(work)

        def leave(_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._leave)

        running.add_done_callback(leave)
        return await asyncio.wrap_future(running)

    def close(self) -> None:
        """Lets the threads end; nothing is asked of them from now on."""
        self._threads.shutdown(wait=False)

    async def _turn(self, priority: Callable[[], int]) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = priority
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                del self._waiting[turn]
            else:
                self._leave()  # it had just been let in
            raise

    def _leave(self) -> None:
        line = [turn for turn in self._waiting if not turn.done()]
        if not line:
            self._free += 1
            return
        first = min(line, key=lambda turn: self._waiting[turn]())  # of equals who came first
        del self._waiting[first]
        first.set_result(None)
