"""What happens to requests, batches and models, as Prometheus reads it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.errors import BadImage, EngineFailed, Unavailable
from hikari_serve.observability.figures import Figures
from hikari_serve.observability.metrics import Metrics
from hikari_serve.observer import RequestEnd
from hikari_serve.scheduling.queue import Queue
from hikari_serve.stage import Provenance, ReferenceCase, Retrieval
from tests.scheduling.test_queue import Ask, EchoEngine, submit
from tests.scripted import Bench

MODEL = {"stage": "group", "model": "m", "version": "1"}


PROVENANCE = Provenance(
    model="m",
    version=1,
    weights="old",
    engine="e",
    dtype="float32",
    preprocessing="p",
    prompt="subaru-1",
)


class Page:
    """Metrics that nobody else counts in, and what they show."""

    def __init__(self, stage: str = "") -> None:
        self._registry = CollectorRegistry()
        self.metrics = Metrics(Figures(self._registry), stage)

    def value(self, name: str, **labels: str) -> float | None:
        return self._registry.get_sample_value(f"hikari_{name}", labels)


def test_what_an_autoscaler_asks_for_is_there_before_the_first_request() -> None:
    api = Page()
    bench = Bench(api.metrics)
    for stage in bench.cascade.graph.steps:
        assert api.value("stage_waiting", cascade="demo", stage=stage) == 0
    runner = Page("group")
    assert runner.value("stage_pending", **MODEL) is None
    runner.metrics.model_serves(PROVENANCE)
    assert runner.value("stage_pending", **MODEL) == 0
    assert runner.value("stage_running", **MODEL) == 0


def test_a_stages_parts_are_its_time() -> None:
    page = Page()
    bench = Bench(page.metrics)
    bench.stages["group"].seconds = 0.05
    answer = bench.run()
    parts = {
        part: page.value("stage_seconds_sum", cascade="demo", stage="group", part=part)
        for part in ("prepare", "queue", "compute", "read", "hop")
    }
    assert parts["compute"] == 0.001
    total = sum(took or 0 for took in parts.values())
    report = next(each for each in answer.stages if each.name == "group")
    assert total == pytest.approx(report.total_ms / 1000, abs=1e-5)
    waited = page.value("stage_seconds_sum", cascade="demo", stage="disease", part="wait")
    assert waited is not None
    assert waited >= 0.04  # the disease is told the group; a timer may be early


def test_what_the_models_said_is_counted() -> None:
    page = Page()
    bench = Bench(page.metrics)
    far = ReferenceCase(id="c", similarity=0.2)  # which words put first
    bench.stages["references"].output = Retrieval(index="i1", cases=(far,), nearest=0.9)
    bench.run()
    for name, labels in (
        ("decisions_total", {"stage": "disease", "decision": "answered"}),
        ("labels_total", {"stage": "disease", "label": "sccis"}),
        ("probability_count", {"stage": "disease"}),
        ("label_mass_count", {"stage": "group"}),
        ("pictures_total", {"format": "PNG"}),
        ("decode_seconds_count", {}),
        ("picture_quality_count", {}),
    ):
        assert page.value(name, cascade="demo", **labels) == 1
    distance = page.value("nearest_distance_sum", cascade="demo", stage="references")
    assert distance == pytest.approx(0.1)


def test_failures_are_counted_by_stage_and_cause() -> None:
    page = Page()
    bench = Bench(page.metrics)
    bench.stages["disease"].error = EngineFailed("no")
    bench.run()
    failed = {"cascade": "demo", "stage": "disease", "cause": "engine_failed"}
    assert page.value("stage_failures_total", **failed) == 1
    bench.image = b"no picture"
    with pytest.raises(BadImage):
        bench.run()
    assert page.value("pictures_refused_total", cascade="demo", code="unsupported_image") == 1


def test_nobody_waits_for_a_stage_that_was_left() -> None:
    page = Page()
    bench = Bench(page.metrics)
    bench.stages["group"].seconds = 10

    async def main() -> None:
        run = asyncio.create_task(bench.cascade.run(CascadeRequest(id="r", image=bench.image)))
        while page.value("stage_waiting", cascade="demo", stage="group") != 1:
            await asyncio.sleep(0.001)
        run.cancel()
        await asyncio.wait({run})

    asyncio.run(main())
    assert page.value("stage_waiting", cascade="demo", stage="group") == 0


def test_a_request_is_counted_with_its_times() -> None:
    page = Page()
    page.metrics.request_ended(
        RequestEnd("r", None, "diagnose_stream", "partial", None, 2.0, 0.5, 1.0)
    )
    page.metrics.request_ended(RequestEnd("r", None, "diagnose", "error", "bad_image", 0.1))
    stream = {"door": "diagnose_stream"}
    assert page.value("requests_total", **stream, outcome="partial", cause="") == 1
    assert page.value("request_seconds_sum", **stream) == 2
    assert page.value("first_event_seconds_sum", **stream) == 0.5
    assert page.value("first_word_seconds_sum", **stream) == 1
    refused = {"door": "diagnose", "outcome": "error", "cause": "bad_image"}
    assert page.value("requests_total", **refused) == 1
    assert page.value("first_event_seconds_count", door="diagnose") is None


def queue_of(page: Page, **engine: Any) -> Queue:
    return Queue(EchoEngine(**engine), size=300, model="m", version=1, observer=page.metrics)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.001)


def test_a_queue_says_what_waits_and_what_runs() -> None:
    page = Page("group")

    async def main() -> None:
        queue = queue_of(page, max_batch=2)
        first = submit(queue, Ask("first", steps=10))
        await until(lambda: page.value("stage_running", **MODEL) == 1)
        others = [submit(queue, Ask(f"{i}", steps=10)) for i in (1, 2, 3, 3)]
        await until(lambda: page.value("stage_pending", **MODEL) == 3)
        await first
        await until(lambda: page.value("stage_running", **MODEL) == 2)
        assert page.value("stage_pending", **MODEL) == 1
        await asyncio.gather(*others)
        await until(lambda: page.value("stage_running", **MODEL) == 0)

    asyncio.run(main())
    assert page.value("stage_pending", **MODEL) == 0
    assert page.value("single_flight_hits_total", **MODEL) == 1
    assert page.value("batch_size_sum", **MODEL) == 4
    assert page.value("batch_size_count", **MODEL) == 3
    assert page.value("batch_size_count", **MODEL) == page.value("batch_seconds_count", **MODEL)


def test_nothing_waits_in_a_queue_that_was_left() -> None:
    page = Page("group")

    async def main() -> None:
        queue = queue_of(page, max_batch=1)
        tasks = [submit(queue, Ask(f"{i}", steps=20)) for i in range(3)]
        await until(lambda: page.value("stage_pending", **MODEL) == 2)
        for task in tasks:
            task.cancel()
        await until(lambda: page.value("stage_pending", **MODEL) == 0)
        await until(lambda: page.value("stage_running", **MODEL) == 0)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("engine", "work", "why"),
    [({"max_batch": 2}, 1, "full"), ({"max_work": 25}, 10, "work"), ({}, 1, "drained")],
)
def test_a_batch_says_why_it_began(engine: dict[str, int], work: int, why: str) -> None:
    page = Page("group")

    async def main() -> None:
        queue = queue_of(page, **engine)
        first = submit(queue, Ask("first", work=25, steps=5))  # the others gather behind it
        await until(lambda: page.value("stage_running", **MODEL) == 1)
        others = [submit(queue, Ask(f"{i}", work=work)) for i in range(3)]
        await asyncio.gather(first, *others)

    asyncio.run(main())
    assert (page.value("batch_released_total", **MODEL, why=why) or 0) >= 1


def test_a_batch_that_waited_for_more_says_so() -> None:
    page = Page("group")

    async def main() -> None:
        queue = queue_of(page)
        for size in (1, 4, 1, 4):  # batches of all sizes take as long: waiting pays
            queue._batching.finished(size, 0.4)
            queue._batching.arrived()
        await submit(queue, Ask("lone"))

    asyncio.run(main())
    assert page.value("batch_released_total", **MODEL, why="patience") == 1


def test_what_answers_is_told_and_what_did_no_more() -> None:
    page = Page("group")
    its = PROVENANCE
    page.metrics.model_loaded("m", 1, 2.0, None)
    page.metrics.model_serves(its)
    page.metrics.model_loaded("m", 1, 1.0, "no weights")
    page.metrics.model_serves(its.model_copy(update={"weights": "new"}))
    shown = {"index": "", "prompt": "subaru-1"}
    assert page.value("model_info", **MODEL, **shown, digest="old") == 0
    assert page.value("model_info", **MODEL, **shown, digest="new") == 1
    assert page.value("load_seconds_sum", **MODEL) == 2
    assert page.value("load_failures_total", **MODEL) == 1


def test_a_model_that_sleeps_is_not_awake() -> None:
    page = Page("group")
    page.metrics.turn_began("m", 1, 0.25)
    assert page.value("device_awake", **MODEL) == 1
    assert page.value("turn_wait_seconds_sum", **MODEL) == 0.25
    page.metrics.turn_ended("m", 1)
    assert page.value("device_awake", **MODEL) == 0
    page.metrics.model_serves(PROVENANCE)  # it was prepared, and another had a turn since
    assert page.value("device_awake", **MODEL) == 0
    page.metrics.model_left(PROVENANCE)
    page.metrics.model_serves(PROVENANCE)  # loaded anew, without turns
    assert page.value("device_awake", **MODEL) == 1


def test_a_stage_that_cannot_answer_has_no_parts_but_its_wait() -> None:
    page = Page()
    page.metrics.stage_called("demo", "group", 0.0)
    page.metrics.stage_ended("demo", "group", 1.0, Unavailable("down"))
    group = {"cascade": "demo", "stage": "group"}
    assert page.value("stage_seconds_count", **group, part="wait") == 1
    assert page.value("stage_seconds_count", **group, part="hop") is None
