"""An engine that shares its device by turns: it sleeps while another model has the device.

The queue in front of it knows nothing of turns. It asks whether the engine is `ready`, and its
work waits, in order and within its bounds, until the turn comes; what has expired by then costs
no wake. A turn lasts until another model wants the device: then it ends at once if there is
nothing to do, and otherwise when its time is over, or when the other would be late.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from functools import partial

from hikari_serve.engines.contract import Call, Engine, Generate, Prepared, Prompt, Score
from hikari_serve.errors import EngineFailed
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.scheduling.lease import Lease
from hikari_serve.scheduling.locking import POLL_SECONDS

logger = logging.getLogger(__name__)

TURN_SECONDS = 1.0
"""How long a model that has work keeps the device at least while another waits."""

TURN_SHARE = 2.0
"""The same, in times that it takes to put one model to sleep and to wake the next: under full
load at most a third of the time goes into that."""

HANDOVER_SECONDS = 0.2
"""What it takes besides for one process to see that another wants the device, to end its batch,
and for the other to see that it is free: some looks at the files, on a machine that is busy."""

PATIENCE_SECONDS = 5.0
"""After how long a turn is due whatever the deadlines, so that nobody starves."""


class TurnTaking(Engine):
    """Any engine, computing only while it holds the lease on its device."""

    def __init__(
        self,
        engine: Engine,
        lease: Lease,
        *,
        model: str = "",
        version: int = 0,
        observer: Observer = NOBODY,
    ) -> None:
        """Args:
        engine: What computes; awake, because it was loaded in a turn.
        lease: On its device; held.
        model: Its model, for the observer.
        version: Its version.
        observer: Hears of turns.
        """
        self.max_batch = engine.max_batch
        self.concurrency = engine.concurrency
        self.max_work = engine.max_work
        self._engine = engine
        self._lease = lease
        self._model, self._version, self._observer = model, version, observer
        self._turns: asyncio.Task[None] | None = None
        self._waiting: Sequence[Call] = ()
        self._resume: Callable[[], None] = _nothing
        self._asleep = False
        self._lost = ""  # why it can neither compute nor leave the device
        self._stuck = asyncio.Event()  # set with it
        self._open = False  # a run may begin
        self._running = 0
        self._wake_s = self._sleep_s = self._run_s = 0.0  # as learned

    def prepare(self, prompt: Prompt, want: Score | Generate) -> Prepared:
        return self._engine.prepare(prompt, want)

    def ready(self, waiting: Sequence[Call], resume: Callable[[], None]) -> bool:
        self._waiting, self._resume = waiting, resume
        if self._turns is None or self._turns.done():
            self._turns = asyncio.create_task(self._take_turns())
        return self._open

    async def run(self, calls: Sequence[Call]) -> None:
        self._running += 1
        began = time.monotonic()
        try:
            await self._engine.run(calls)
        finally:
            self._running -= 1
            self._run_s = max(time.monotonic() - began, 0.9 * self._run_s)  # rather too long

    async def died(self) -> str:
        theirs = asyncio.create_task(self._engine.died())
        ours = asyncio.create_task(self._stuck.wait())
        try:
            await asyncio.wait({theirs, ours}, return_when=asyncio.FIRST_COMPLETED)
            return theirs.result() if theirs.done() else self._lost
        finally:
            theirs.cancel()
            ours.cancel()

    async def close(self) -> None:
        if self._turns is not None:
            self._turns.cancel()
            await asyncio.wait({self._turns})
        await self._engine.close()
        self._lease.release()

    async def _take_turns(self) -> None:
        """Takes one turn after another as long as anything waits."""
        while True:
            asked = time.time()
            try:
                if not await self._lease.acquire(partial(self._due, asked)):
                    return
            except OSError as error:
                logger.exception("no turn on the device can be had")
                reason = EngineFailed(f"no turn on the device can be had: {error}")
                await self._told(self._fail_waiting(reason))
                continue
            try:
                await self._turn(asked)
            except Exception as error:
                logger.exception("a turn on the device failed")
                await self._give_up(error)
            if self._lost:
                return  # and keeps the lease until its process ends, as it keeps the memory
            self._lease.release()

    async def _turn(self, asked: float) -> None:
        """Wakes the engine, lets it run until another model wants the device; then it sleeps."""
        if self._lost:
            raise EngineFailed(self._lost)
        if self._asleep:
            began = time.monotonic()
            await self._engine.wake()
            self._asleep = False
            self._wake_s = time.monotonic() - began
        took = time.time() - asked
        self._observer.turn_began(self._model, self._version, took)
        await self._run_until_wanted()
        self.delay = took  # the next turn may take as long to come
        began = time.monotonic()
        await self._sleep()
        self._sleep_s = time.monotonic() - began

    async def _sleep(self) -> None:
        await self._engine.sleep()
        self._asleep = True
        self._observer.turn_ended(self._model, self._version)

    async def _run_until_wanted(self) -> None:
        """Lets batches begin until the turn is over, and returns when the last has ended."""
        opened = time.monotonic()
        while True:
            self._open, self.delay = True, 0.0
            self._resume()
            while not self._over(opened):
                await asyncio.sleep(POLL_SECONDS)
            await self._stop_running()
            if self._lease.wanted() is not None:  # else it has expired while the last batch ran
                return

    async def _stop_running(self) -> None:
        """Lets no batch begin, and returns when the last has ended."""
        self._open = False
        await asyncio.sleep(0)  # a batch that was formed a moment ago begins to run
        while self._running:
            await asyncio.sleep(POLL_SECONDS)

    def _over(self, opened: float) -> bool:
        """Whether another model should have the device now, or after what runs."""
        theirs = self._lease.wanted()
        if theirs is None:
            return False
        now = time.time()
        ours = self._due(now)
        if theirs == -math.inf or (ours is None and not self._running):
            return True
        turn = max(TURN_SECONDS, TURN_SHARE * (self._sleep_s + self._wake_s))
        served = time.monotonic() - opened >= turn
        last_chance = abs(theirs - now) <= max(self._run_s, HANDOVER_SECONDS)
        return (served or last_chance) and theirs < (math.inf if ours is None else ours)

    def _due(self, asked: float) -> float | None:
        """When a turn asked for at that time must begin; None if nothing waits.

        That is early enough for the most urgent deadline, taking twice as long as the last time
        and a hand-over, but no later than patience lasts, and no earlier than it was asked for:
        whoever has waited for so long comes before all that is asked for from now on.
        """
        deadlines = [call.deadline for call in self._waiting if not call.cancelled]
        if not deadlines:
            return None
        start = min(deadlines) - 2 * (self._wake_s + self._run_s) - HANDOVER_SECONDS
        return max(asked, min(start, asked + PATIENCE_SECONDS))

    async def _give_up(self, error: Exception) -> None:
        """Ends a turn that failed, with what waits for it: that would wait in vain.

        What comes meanwhile has the next turn, if there is one.
        """
        failed = self._fail_waiting(error)
        await self._stop_running()
        if not self._lost:
            await self._leave(error)
        await self._told(failed)
        if self._lost:  # there is no next turn for what came meanwhile
            self._fail_waiting(EngineFailed(self._lost))

    def _fail_waiting(self, error: Exception) -> Sequence[Call]:
        """Ends what waits with an error; returns what that was."""
        failed = tuple(self._waiting)
        for call in failed:
            call.fail(error)
        return failed

    async def _told(self, failed: Sequence[Call]) -> None:
        """Returns when the callers of calls that failed have left the queue."""
        while any(call in self._waiting for call in failed):
            await asyncio.sleep(POLL_SECONDS)

    async def _leave(self, error: Exception) -> None:
        """Puts the model to sleep after a failure; if that cannot be, the engine is lost."""
        try:
            await self._sleep()  # a wake that failed half-way has taken memory
        except Exception as second:
            logger.exception("the model cannot leave the device")
            self._lost = f"a turn failed ({error}), and the model cannot leave the device: {second}"
            self._stuck.set()


def _nothing() -> None:
    """Before the queue has asked there is nothing to resume."""
