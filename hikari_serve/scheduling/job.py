"""One distinct piece of work: who waits for it, what was said so far, and how it ended."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hikari_serve.engines.contract import Output, Prepared
from hikari_serve.errors import EngineFailed, HikariError
from hikari_serve.stage import DEFAULT_PRIORITY, OnText


@dataclass(frozen=True, slots=True)
class Asked:
    """What an engine is asked for an item.

    Attributes:
        request: The engine's.
        cases_shown: How many of the item's reference cases are in it; None where it brought none.
    """

    request: Prepared
    cases_shown: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """An engine's answer with its times in seconds; `compute_s` is shared by the batch.

    `arrived` is the moment of `time.monotonic` at which the first who asked for it came.
    """

    output: Output
    asked: Asked
    arrived: float
    prepare_s: float
    queue_s: float
    compute_s: float
    batch_size: int


@dataclass(frozen=True, slots=True, eq=False)
class Caller:
    """Somebody who waits for a job."""

    deadline: float
    priority: int
    on_text: OnText | None
    trace: str | None = None


class Job:
    """One distinct piece of work and all who wait for it. To the engine it is a `Call`."""

    def __init__(self, key: object, order: int) -> None:
        self.key = key
        self.order = order
        self.asked: Asked  # from `wait` on
        self.outcome: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self.preparing: asyncio.Task[None] | None = None
        self.callers: set[Caller] = set()
        self.deadline = 0.0
        self.priority = DEFAULT_PRIORITY
        self.traces: list[str] = []
        self._pieces: list[str] = []
        self._arrived = self._ready = self._started = time.monotonic()
        self._batch_size = 0

    def join(self, caller: Caller) -> None:
        """Adds a caller, who hears the words that came before as well."""
        self.callers.add(caller)
        self._renew()
        if caller.trace is not None:
            self.traces.append(caller.trace)
        if caller.on_text is not None and self._pieces:
            caller.on_text("".join(self._pieces))

    def leave(self, caller: Caller) -> None:
        """Takes a caller away; the work of the others goes on."""
        self.callers.discard(caller)
        self._renew()
        if caller.trace is not None and not self.outcome.done():
            self.traces.remove(caller.trace)  # its trace will not tell of this work

    def _renew(self) -> None:
        self.deadline = max((caller.deadline for caller in self.callers), default=0.0)
        self.priority = min((caller.priority for caller in self.callers), default=DEFAULT_PRIORITY)

    def wait(self, asked: Asked) -> None:
        """Takes what the engine is asked; from now on the job waits for the engine."""
        self.asked = asked
        self._ready = time.monotonic()

    def start(self, batch_size: int) -> None:
        """Notes that the engine starts on a batch that holds this job."""
        self._started = time.monotonic()
        self._batch_size = batch_size

    @property
    def request(self) -> Any:
        """What the engine's `prepare` made."""
        return self.asked.request

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits any more: all left, or the last deadline passed."""
        return time.time() >= self.deadline

    @property
    def answered(self) -> bool:
        """Whether the engine finished this job."""
        return self.outcome.done() and self.outcome.exception() is None

    # The engine answers from a thread of its own; the event loop sees it in order.
    def emit(self, text: str) -> None:
        self._in_loop(self._say, text)

    def finish(self, output: Output) -> None:
        self._in_loop(self._end, output, time.monotonic())

    def fail(self, error: Exception) -> None:
        self._in_loop(self._break, error)

    def _in_loop(self, act: Callable[..., None], *args: Any) -> None:
        self.outcome.get_loop().call_soon_threadsafe(act, *args)

    def _say(self, text: str) -> None:
        self._pieces.append(text)
        for caller in tuple(self.callers):
            if caller.on_text is not None:
                caller.on_text(text)

    def _end(self, output: Output, now: float) -> None:
        if not self.outcome.done():
            prepared, queued = self._ready - self._arrived, self._started - self._ready
            computed = now - self._started
            self.outcome.set_result(
                Done(
                    output,
                    self.asked,
                    self._arrived,
                    prepared,
                    queued,
                    computed,
                    self._batch_size,
                )
            )

    def _break(self, error: Exception) -> None:
        if not self.outcome.done():
            own = isinstance(error, HikariError)
            self.outcome.set_exception(error if own else EngineFailed(repr(error)))
            self.outcome.exception()  # every caller may have left: nobody need hear it
