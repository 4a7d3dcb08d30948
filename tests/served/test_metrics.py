"""`/metrics` says what docs/metrics.md says, of all processes, and no client can make it grow."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.explained import STAGES, by_trace, covered, faults, sums
from hikari_serve.drawing.cases import Drawing
from tests.eventually import eventually
from tests.observability.receiver import Receiver
from tests.served.pictures import png
from tests.served.server import ROOT, Server, serving, wait_ready

MOST_SERIES = 1_500
LATE_MS = ("1", "25", "50", "100", "200", "400")
"""Deadlines that pass on the way: while the picture is decoded, or while its stages compute."""
ROW = re.compile(r"\| `(hikari_\w+)` \| (\w+) \| ([^|]+) \| ([^|]+) \|")


def page(url: str) -> str:
    return httpx.get(f"{url}/metrics", timeout=30).text


def series(url: str) -> list[str]:
    return [line for line in page(url).splitlines() if not line.startswith("#")]


def ours(url: str) -> dict[str, Metric]:
    """The families of ours, by the name that a query has for them."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): family
        for family in text_string_to_metric_families(page(url))
        if family.name.startswith("hikari_")
    }


def values(url: str, sample: str, **labels: str) -> list[float]:
    return [
        each.value
        for family in ours(url).values()
        for each in family.samples
        if each.name == sample and labels.items() <= each.labels.items()
    ]


def total(url: str, sample: str, **labels: str) -> float:
    return sum(values(url, sample, **labels))


def batch_size(span: Span) -> int:
    return max(
        (a.value.int_value for a in span.attributes if a.key == "hikari.batch_size"), default=0
    )


def ask(server: Server, image: bytes, path: str = "/diagnose", **asked: str) -> httpx.Response:
    return httpx.post(f"{server.url}{path}", files={"image": image}, data=asked, timeout=60)


def table() -> Iterator[tuple[str, str, set[str], str]]:
    """Name, type, labels and place of each metric in the docs."""
    for name, kind, labels, where in ROW.findall((ROOT / "docs" / "metrics.md").read_text()):
        yield name, kind, set(re.findall(r"`(\w+)`", labels)), where


def test_the_docs_list_what_is_there_and_nothing_else(
    server: Server, drawings: list[Drawing]
) -> None:
    for drawing in drawings[:2]:
        assert ask(server, png(drawing.image)).status_code == 200
    assert ask(server, png(drawings[0].image), "/diagnose/stream").status_code == 200
    assert ask(server, b"no picture").status_code == 415
    for late in LATE_MS:
        ask(server, png(drawings[3].image), timeout_ms=late)
    assert httpx.get(f"{server.url}/nowhere").status_code == 404
    assert len(series(server.url)) <= MOST_SERIES
    shown = ours(server.url)
    listed = {name: (kind, labels) for name, kind, labels, where in table() if "turns" not in where}
    assert set(shown) == set(listed)
    for name, family in shown.items():
        labels = {label for each in family.samples for label in each.labels} - {"le"}
        assert (family.type, labels) == listed[name]


def test_paths_and_ids_add_no_series(server: Server) -> None:
    httpx.get(f"{server.url}/nowhere")
    httpx.get(f"{server.url}/diagnose")
    before = len(series(server.url))
    with httpx.Client(base_url=server.url) as client:
        for number in range(1000):
            client.get(f"/nowhere/{number}", headers={"x-request-id": f"r{number}"})
        client.get("/diagnose?x=1")
    assert len(series(server.url)) == before


def test_two_workers_and_a_dead_runner_are_counted_and_traced_right(
    drawings: list[Drawing], tmp_path: Path
) -> None:
    images = [png(drawing.image) for drawing in drawings[:8]]
    receiver = Receiver()
    tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "OTEL_BSP_SCHEDULE_DELAY": "500"}
    with serving(tmp_path / "home", HIKARI_WORKERS="2", **tracing) as server:  # type: ignore[arg-type]
        with ThreadPoolExecutor(4) as pool:  # connections of their own: both workers have some
            for answer in pool.map(lambda image: ask(server, image), images):
                assert answer.status_code == 200
        assert total(server.url, "hikari_requests_total", outcome="complete") == len(images)
        assert total(server.url, "hikari_request_seconds_count") == len(images)
        for stage in STAGES:
            computed = total(server.url, "hikari_stage_seconds_count", stage=stage, part="compute")
            assert computed == len(images)
            warm_up = 1
            items = total(server.url, "hikari_batch_size_sum", stage=stage)
            assert items == len(images) + warm_up
            assert total(server.url, "hikari_model_info", stage=stage) == 1
            assert total(server.url, "hikari_stage_waiting", stage=stage) == 0
        assert eventually(lambda: not faults(receiver.spans, len(images)))
        receiver.close()
        assert receiver.services == {"hikari", *(f"hikari-{stage}" for stage in STAGES)}
        linked = [link.span_id for span in receiver.spans for link in span.links]
        shared = [span.span_id for span in receiver.spans if batch_size(span) > 1]
        assert sorted(linked) == sorted(shared)  # each of them is of one batch
        shares = sorted(covered(each, hops=True) for each in by_trace(receiver.spans).values())
        assert shares[1] > 0.9  # the promise is for most; a busy machine can stop one anywhere
        assert sums(page(server.url)) == pytest.approx(1, abs=0.05)

        worker = server.worker("DiseaseRunner")
        os.kill(worker, signal.SIGSTOP)
        asking = threading.Thread(target=ask, args=(server, images[0]))
        asking.start()
        assert eventually(lambda: total(server.url, "hikari_stage_waiting", stage="disease") == 1)
        os.kill(worker, signal.SIGKILL)
        asking.join()
        assert total(server.url, "hikari_stage_waiting", stage="disease") == 0
        wait_ready(server)
        assert total(server.url, "hikari_model_info", stage="disease") == 1
        assert total(server.url, "hikari_device_awake", stage="disease") == 1
        counted = total(server.url, "hikari_batch_size_sum", stage="disease")
        assert counted >= len(images) + 2  # the counts of the dead stay


def test_a_runner_elsewhere_counts_its_own(drawings: list[Drawing], tmp_path: Path) -> None:
    with ExitStack() as stack:
        runner = stack.enter_context(serving(tmp_path / "group", "runners.group:GroupRunner"))
        api = stack.enter_context(
            serving(tmp_path / "api", HIKARI_PLACEMENT="inline", HIKARI_GROUP_RUNNER=runner.url)
        )
        for sample in ("hikari_stage_pending", "hikari_stage_running"):
            assert values(runner.url, sample, stage="group") == [0]
        for stage in STAGES:
            assert values(api.url, "hikari_stage_waiting", stage=stage) == [0]
        assert ask(api, png(drawings[0].image)).status_code == 200
        assert total(runner.url, "hikari_batch_size_sum", stage="group") == 2
        assert total(api.url, "hikari_batch_size_sum", stage="group") == 0
        for stage in STAGES[1:]:
            assert total(api.url, "hikari_batch_size_sum", stage=stage) == 2
        for stage in STAGES:
            parts = total(api.url, "hikari_stage_seconds_count", stage=stage)
            assert parts == 6  # each part once, wherever it was measured
