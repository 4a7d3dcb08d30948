"""The queue in front of one engine: bounded, by priority, with deadlines, each item once.

Items are prepared by priority too: with an engine that runs many at once nothing else waits.
Items come from `submit`; batches go to `Engine.run`. Callers that ask for the same thing share
one job (single flight): it runs as long as anybody waits for it, and its deadline and priority
are the best of theirs. Work that nobody waits for any more never starts, and stops at the
engine's next step if it had.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from itertools import count

from hikari_serve.engines.contract import Engine, Generated, Scored
from hikari_serve.errors import DeadlineExceeded, EngineFailed, QueueFull, Unavailable
from hikari_serve.observer import NOBODY, BatchEnd, Observer, Released
from hikari_serve.scheduling.batching import Batching
from hikari_serve.scheduling.job import Asked, Caller, Done, Job
from hikari_serve.settings import available_cores
from hikari_serve.stage import DEFAULT_PRIORITY, OnText
from hikari_serve.threads import Threads

PREPARED_AT_ONCE = min(32, available_cores() + 4)
"""How many items: rather more than cores, because a part of them waits for a disk."""

CLOSED = "the engine that was asked is being closed"
"""Why a job ends whose queue is closed: its model is unloaded or replaced, or its process ends."""


class Queue:
    """Orders the jobs for one engine and forms its batches; at most `size` of them wait."""

    def __init__(
        self,
        engine: Engine,
        *,
        size: int,
        model: str = "",
        version: int = 0,
        observer: Observer = NOBODY,
    ) -> None:
        self._engine = engine
        self._size = size
        self._model, self._version, self._observer = model, version, observer
        self._batching = Batching()
        self._threads = Threads(PREPARED_AT_ONCE, "prepare")
        self._jobs: dict[object, Job] = {}
        self._waiting: list[Job] = []
        self._pending: set[Job] = set()  # admitted and not started, prepared or not
        self._running = 0
        self._computing = 0
        self._told = (0, 0)
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def submit(
        self,
        key: object,
        prepare: Callable[[], Asked],
        *,
        deadline: float,
        priority: int = DEFAULT_PRIORITY,
        on_text: OnText | None = None,
        trace: str | None = None,
    ) -> Done:
        """Waits for the answer to one item; cancelling the call leaves the job.

        Args:
            key: Equal keys are the same work, computed once.
            prepare: Says what the engine is asked; runs in a thread, only for the first of a key.
            deadline: Seconds since the Unix epoch.
            priority: From 1, served first, to 9.
            on_text: Hears the words of a generated answer as they come.
            trace: The trace context of the item.

        Raises:
            QueueFull: The queue is at its bound.
            DeadlineExceeded: The deadline passed first.
            Unavailable: The queue is closed.
            HikariError: What `prepare` or the engine raised for this item.
        """
        if self._closed:
            raise Unavailable(CLOSED)
        job = self._jobs.get(key)
        if job is None or job.cancelled:
            job = self._admit(key, prepare)
        else:
            self._observer.item_shared(self._model, self._version)
        caller = Caller(deadline, priority, on_text, trace)
        job.join(caller)
        try:
            async with asyncio.timeout(deadline - time.time()):
                return await asyncio.shield(job.outcome)
        except TimeoutError:
            raise DeadlineExceeded("the deadline passed in the queue or in compute") from None
        finally:
            job.leave(caller)
            if not job.callers:
                if job.preparing is not None:
                    job.preparing.cancel()  # it may not have begun, and holds the picture
                self._forget(job)

    async def close(self) -> None:
        """Ends every job with `Unavailable`, takes no other, and waits for what runs to stop."""
        self._closed = True
        for job in [*self._pending, *self._jobs.values()]:
            job.fail(Unavailable(CLOSED))
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._threads.close()

    def _admit(self, key: object, prepare: Callable[[], Asked]) -> Job:
        if len(self._pending) >= self._size:
            engine = self._engine
            wait = self._batching.wait_for(len(self._pending), engine.max_batch, engine.concurrency)
            wait += engine.delay
            raise QueueFull(f"{self._size} requests are waiting already", retry_after=wait)
        job = self._jobs[key] = Job(key, next(self._order))
        self._pending.add(job)
        self._tell_length()
        self._batching.arrived()
        job.preparing = self._spawn(self._prepare(job, prepare))
        return job

    def _forget(self, job: Job) -> None:
        self._pending.discard(job)
        if job in self._waiting:
            self._waiting.remove(job)
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]
        self._tell_length()

    def _tell_length(self) -> None:
        length = len(self._pending), self._computing
        if length != self._told:
            self._told = length
            self._observer.queue_changed(self._model, self._version, *length)

    async def _prepare(self, job: Job, prepare: Callable[[], Asked]) -> None:
        try:
            job.wait(await self._threads.run(prepare, lambda: job.priority))
        except Exception as error:
            job.fail(error)
            self._forget(job)
        if job in self._pending:
            self._waiting.append(job)
            self._pump()

    def _pump(self, *, patient: bool = True) -> None:
        """Starts batches while the engine has room; waits for a fuller one where that pays."""
        if self._timer is not None:
            self._timer.cancel()
        while self._running < self._engine.concurrency and (batch := self._next_batch()):
            why = self._released(batch, patient)
            if why == "drained" and (patience := self._batching.patience(len(batch))):
                hurry = partial(self._pump, patient=False)
                self._timer = asyncio.get_running_loop().call_later(patience, hurry)
                return
            self._running += 1
            self._computing += len(batch)
            for job in batch:
                self._waiting.remove(job)
                self._pending.discard(job)
                job.start(len(batch))
            self._spawn(self._run(batch, why))

    def _next_batch(self) -> list[Job]:
        """The first jobs by priority and arrival that fit the engine together, once it is ready."""
        for job in [job for job in self._waiting if job.cancelled]:
            self._forget(job)
        if self._closed or not self._waiting:
            return []
        if not self._engine.ready(self._waiting, self._pump):
            return []
        batch: list[Job] = []
        widest = 0
        for job in sorted(self._waiting, key=lambda job: (job.priority, job.order)):
            widest = max(widest, job.request.work)  # rows of a batch are padded to the longest
            full = len(batch) == self._engine.max_batch
            if full or (batch and (len(batch) + 1) * widest > self._engine.max_work):
                break
            batch.append(job)
        return batch

    def _released(self, batch: Sequence[Job], patient: bool) -> Released:
        if len(batch) == self._engine.max_batch:
            return "full"
        if len(batch) < len(self._waiting):
            return "work"
        return "drained" if patient else "patience"

    async def _run(self, batch: Sequence[Job], why: Released) -> None:
        began = time.monotonic()
        which, size = (self._model, self._version), len(batch)
        self._observer.batch_started(*which, size, why)
        self._tell_length()
        try:
            await self._engine.run(batch)
        except Exception as error:
            for job in batch:
                job.fail(error)
        seconds = time.monotonic() - began
        members = tuple(trace for job in batch for trace in job.traces)
        self._observer.batch_ended(BatchEnd(*which, seconds, *_tokens(batch), members))
        if all(job.answered for job in batch):  # a batch cut short teaches nothing
            self._batching.finished(size, seconds)
        self._running -= 1
        self._computing -= size
        for job in batch:
            job.fail(EngineFailed("the engine gave no answer"))  # heard only where there is none
            self._forget(job)
        self._pump()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _tokens(batch: Sequence[Job]) -> tuple[int, int]:
    """How many tokens an engine read and wrote for a batch; none where it counts none."""
    outputs = [job.outcome.result().output for job in batch if job.answered]
    read = [each.prompt_tokens for each in outputs if isinstance(each, Scored | Generated)]
    return sum(read), sum(each.new_tokens for each in outputs if isinstance(each, Generated))
