"""The queue against a real asyncio loop and a small scripted engine."""

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import pytest

from hikari_serve.engines.contract import Call, Engine, Generate, Prompt, Score
from hikari_serve.errors import (
    DeadlineExceeded,
    EngineFailed,
    InvalidInput,
    QueueFull,
    Unavailable,
)
from hikari_serve.scheduling import queue as queueing
from hikari_serve.scheduling.job import Asked, Done
from hikari_serve.scheduling.queue import Queue


@dataclass
class Ask:
    """A request to the echo engine: what it answers, and how it behaves on the way."""

    text: str
    work: int = 1
    steps: int = 1
    fails: bool = False


@dataclass
class EchoEngine(Engine):
    """Answers each call with its own text after some steps of a real worker thread."""

    max_batch: int = 4
    concurrency: int = 1
    max_work: int = 1000
    step_s: float = 0.01
    batches: list[list[str]] = field(default_factory=list)
    steps_run: dict[str, int] = field(default_factory=dict)

    def prepare(self, prompt: Prompt, want: Score | Generate) -> Ask:
        raise NotImplementedError("items bring their own `prepare`")

    async def run(self, calls: Sequence[Call]) -> None:
        self.batches.append([call.request.text for call in calls])
        await asyncio.to_thread(self._compute, calls)

    def _compute(self, calls: Sequence[Call]) -> None:
        for step in range(max(call.request.steps for call in calls)):
            time.sleep(self.step_s)
            for call in calls:
                ask = call.request
                if step < ask.steps and not call.cancelled:
                    self.steps_run[ask.text] = self.steps_run.get(ask.text, 0) + 1
                    call.emit(f"{ask.text}{step} ")
                    if step == ask.steps - 1:
                        call.fail(ValueError("no")) if ask.fails else call.finish(ask.text)
            if all(call.cancelled for call in calls):
                return


def submit(queue: Queue, ask: Ask, **options: object) -> asyncio.Task[Done]:
    options = {"deadline": time.time() + 5, **options}
    return asyncio.create_task(queue.submit(ask.text, lambda: Asked(ask), **options))  # type: ignore[arg-type]


def blocking(queue: Queue, busy: threading.Event) -> list[asyncio.Task[Done]]:
    """Has all threads of a queue prepare until `busy` is set."""

    def prepare(at: int) -> Asked:
        busy.wait()
        return Asked(Ask(f"busy {at}"))

    return [
        asyncio.create_task(queue.submit(at, partial(prepare, at), deadline=time.time() + 30))
        for at in range(queueing.PREPARED_AT_ONCE)
    ]


def run(work: object) -> object:
    return asyncio.run(work)  # type: ignore[arg-type]


def test_every_caller_gets_its_own_answer() -> None:
    async def main() -> None:
        engine = EchoEngine()
        queue = Queue(engine, size=300)
        tasks = [submit(queue, Ask(f"item {i}")) for i in range(200)]
        assert [(await task).output for task in tasks] == [f"item {i}" for i in range(200)]
        assert max(map(len, engine.batches)) == 4

    run(main())


def test_a_failing_item_leaves_its_neighbours_alone() -> None:
    async def main() -> None:
        queue = Queue(EchoEngine(), size=10)
        good, bad, also = (submit(queue, Ask(t, fails=t == "bad")) for t in ("good", "bad", "also"))
        assert (await good).output == "good"
        assert (await also).output == "also"
        with pytest.raises(EngineFailed, match="no"):
            await bad

    run(main())


def test_what_prepare_raises_reaches_only_its_caller() -> None:
    async def main() -> None:
        def refuse() -> Asked:
            raise InvalidInput("five pictures, at most four")

        queue = Queue(EchoEngine(), size=10)
        good = submit(queue, Ask("good"))
        with pytest.raises(InvalidInput, match="at most four"):
            await queue.submit("bad", refuse, deadline=time.time() + 5)
        assert (await good).output == "good"

    run(main())


def test_identical_items_compute_once_and_all_hear_every_word() -> None:
    async def main() -> None:
        engine = EchoEngine()
        queue = Queue(engine, size=10)
        heard: list[list[str]] = [[], [], []]
        tasks = [submit(queue, Ask("same", steps=5), on_text=words.append) for words in heard[:2]]
        await asyncio.sleep(0.03)  # the third comes while it runs
        tasks.append(submit(queue, Ask("same", steps=5), on_text=heard[2].append))
        assert {(await task).output for task in tasks} == {"same"}
        assert engine.steps_run == {"same": 5}
        assert {"".join(words) for words in heard} == {"same0 same1 same2 same3 same4 "}

    run(main())


def test_a_leader_that_leaves_does_not_end_its_followers_work() -> None:
    async def main() -> None:
        engine = EchoEngine()
        queue = Queue(engine, size=10)
        leader = submit(queue, Ask("same", steps=6))
        follower = submit(queue, Ask("same", steps=6))
        await asyncio.sleep(0.02)
        leader.cancel()
        assert (await follower).output == "same"
        assert engine.steps_run == {"same": 6}

    run(main())


def test_running_work_stops_at_the_next_step_when_all_left() -> None:
    async def main() -> None:
        engine = EchoEngine()
        queue = Queue(engine, size=10)
        task = submit(queue, Ask("long", steps=100))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.sleep(0.05)
        assert engine.steps_run["long"] < 10
        assert (await submit(queue, Ask("next"))).output == "next"

    run(main())


def test_queued_work_that_is_cancelled_or_late_never_starts() -> None:
    async def main() -> None:
        engine = EchoEngine(max_batch=1)
        queue = Queue(engine, size=10)
        first = submit(queue, Ask("first", steps=10))
        await asyncio.sleep(0.02)
        left = submit(queue, Ask("left"))
        late = submit(queue, Ask("late"), deadline=time.time() + 0.02)
        await asyncio.sleep(0.01)
        left.cancel()
        with pytest.raises(DeadlineExceeded):
            await late
        await first
        await asyncio.sleep(0.03)
        assert engine.batches == [["first"]]

    run(main())


def test_the_deadline_holds_while_the_engine_hangs() -> None:
    async def main() -> None:
        queue = Queue(EchoEngine(step_s=0.3), size=10)
        began = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            await submit(queue, Ask("slow"), deadline=time.time() + 0.05)
        assert time.monotonic() - began < 0.2

    run(main())


def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    async def main() -> None:
        queue = Queue(EchoEngine(max_batch=1), size=2)
        await submit(queue, Ask("warm"))
        running = submit(queue, Ask("running", steps=5))
        await asyncio.sleep(0.02)
        waiting = [submit(queue, Ask(f"waiting {i}")) for i in range(2)]
        await asyncio.sleep(0.01)
        with pytest.raises(QueueFull) as refused:
            await submit(queue, Ask("one more"))
        assert refused.value.retry_after is not None
        assert refused.value.retry_after > 0
        assert [(await task).output for task in [running, *waiting]] == [
            "running",
            "waiting 0",
            "waiting 1",
        ]

    run(main())


def test_a_full_queue_counts_what_the_engine_runs_at_once() -> None:
    async def main() -> None:
        queue = Queue(EchoEngine(max_batch=1, concurrency=16, step_s=0.2), size=32)
        await submit(queue, Ask("warm"))
        while queue._running:  # its answer comes before the queue has learned from it
            await asyncio.sleep(0.001)
        tasks = [submit(queue, Ask(f"{i}")) for i in range(16)]
        while len(queue._pending) or not queue._running:
            await asyncio.sleep(0.001)
        tasks += [submit(queue, Ask(f"{i}")) for i in range(16, 48)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull) as refused:
            await submit(queue, Ask("one more"))
        assert refused.value.retry_after == pytest.approx(32 * 0.2 / 16, rel=0.5)
        await asyncio.gather(*tasks)

    run(main())


def test_what_nobody_waits_for_is_not_prepared() -> None:
    async def main() -> None:
        busy = threading.Event()
        queue = Queue(EchoEngine(), size=200)
        blocked = blocking(queue, busy)
        prepared: list[int] = []

        def prepare() -> Asked:
            prepared.append(1)
            return Asked(Ask("left"))

        deadline = time.time() + 30
        asked = [
            asyncio.create_task(queue.submit(f"left {number}", prepare, deadline=deadline))
            for number in range(100)
        ]
        await asyncio.sleep(0.05)
        for task in asked:
            task.cancel()
        kept = submit(queue, Ask("kept"))
        await asyncio.sleep(0.05)
        busy.set()
        assert (await kept).output == "kept"
        await asyncio.gather(*blocked)
        assert not prepared

    run(main())


def test_who_waits_to_be_prepared_is_served_by_priority_and_can_be_lifted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queueing, "PREPARED_AT_ONCE", 1)

    async def main() -> None:
        engine, busy = EchoEngine(max_batch=1, concurrency=100), threading.Event()
        queue = Queue(engine, size=10)
        tasks = blocking(queue, busy)
        for text, priority in (("low", 9), ("lifted", 8), ("high", 2), ("lifted", 1)):
            tasks.append(submit(queue, Ask(text), priority=priority))
        await asyncio.sleep(0.01)
        busy.set()
        await asyncio.gather(*tasks)
        assert engine.batches == [["busy 0"], ["lifted"], ["high"], ["low"]]

    run(main())


def test_priority_goes_first_and_a_follower_can_lift_a_job() -> None:
    async def main() -> None:
        engine = EchoEngine(max_batch=1)
        queue = Queue(engine, size=10)
        tasks = [submit(queue, Ask("running", steps=4))]
        await asyncio.sleep(0.01)
        for text, priority in (("low", 9), ("lifted", 8), ("high", 2), ("lifted", 1)):
            tasks.append(submit(queue, Ask(text), priority=priority))
            await asyncio.sleep(0.002)
        await asyncio.gather(*tasks)
        assert engine.batches == [["running"], ["lifted"], ["high"], ["low"]]

    run(main())


def test_batches_are_limited_by_their_padded_work() -> None:
    async def main() -> None:
        engine = EchoEngine(max_work=100)
        queue = Queue(engine, size=10)
        tasks = [submit(queue, Ask("running", steps=3))]
        await asyncio.sleep(0.01)
        tasks += [
            submit(queue, Ask(text, work=work)) for text, work in (("a", 20), ("b", 30), ("c", 60))
        ]
        await asyncio.gather(*tasks)
        assert engine.batches == [["running"], ["a", "b"], ["c"]]

    run(main())


def test_an_engine_with_continuous_batching_gets_items_at_once_up_to_its_limit() -> None:
    async def main() -> None:
        engine = EchoEngine(max_batch=1, concurrency=3)
        queue = Queue(engine, size=10)
        tasks = [submit(queue, Ask(f"{i}", steps=5)) for i in range(4)]
        await asyncio.sleep(0.03)
        assert len(engine.batches) == 3
        await asyncio.gather(*tasks)

    run(main())


def test_a_closed_queue_takes_nothing() -> None:
    async def main() -> None:
        engine = EchoEngine()
        queue = Queue(engine, size=10)
        waiting = submit(queue, Ask("waiting"))
        await asyncio.sleep(0)
        await queue.close()
        for late in (waiting, submit(queue, Ask("late"))):
            with pytest.raises(Unavailable, match="is being closed"):
                await late
        assert engine.batches == []

    run(main())
