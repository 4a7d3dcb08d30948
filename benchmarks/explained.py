"""Whether spans and histograms explain the time of requests: `python -m benchmarks.explained`.

It serves the demo, with each stage in a process of its own, and sends pictures while a real
receiver of OTLP listens. Then it follows each trace from its end to its beginning: from the last
span to the one that ended last before it began, and so on. That is the request's critical path;
what of the request's time lies in none of its spans is unexplained.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.pictures import Pictures
from benchmarks.served import measure
from hikari_serve.cli.top.page import Page
from tests.eventually import eventually
from tests.observability.receiver import Receiver
from tests.served.server import serving

STAGES = ("group", "references", "disease", "caption")
"""Of the demo; all others have ended when the last of them begins."""

PARTS = ("prepare", "queue", "compute", "read")
AROUND = ("intake", "decode", "answer")

COVERED, OF_REQUESTS = 0.95, 0.95
"""So much of their time is explained, of so many requests."""

APART = 0.05
"""By so much the histograms' sums may differ."""

GAP_NS = 100_000
"""Spans that touch may overlap by so much, because their times are rounded."""


@dataclass(frozen=True, slots=True)
class Explained:
    """What came of some requests.

    Attributes:
        requests: How many were answered.
        faults: What is wrong with a trace: a part that it lacks, a span without its parent.
        spans: Share of each request's time that the spans of its critical path cover.
        processes: The same, where of a stage only what its own process tells counts, so that the
            hop is unexplained.
        sums: What the histograms say of all parts of the requests together, in the requests' time.
    """

    requests: int
    faults: tuple[str, ...]
    spans: tuple[float, ...]
    processes: tuple[float, ...]
    sums: float

    def __str__(self) -> str:
        """As sentences."""
        told = [f"{self.requests} requests, {len(self.faults)} traces with faults"]
        for what, shares in (("spans", self.spans), ("without the hops", self.processes)):
            low, middle = np.percentile(shares, (100 * (1 - OF_REQUESTS), 50))
            told.append(
                f"{what}: {low:.1%} of the time or more of {OF_REQUESTS:.0%} of them, {middle:.1%} "
                "in the middle"
            )
        told.append(f"the histograms' sums are {self.sums:.1%} of the requests' seconds")
        return "\n".join(told)

    @property
    def enough(self) -> bool:
        """Whether that is what is promised."""
        covered = sum(share >= COVERED for share in self.spans)
        return (
            not self.faults
            and covered >= OF_REQUESTS * self.requests
            and abs(self.sums - 1) <= APART
        )


def by_trace(spans: Iterable[Span]) -> dict[bytes, list[Span]]:
    """The spans of each trace."""
    found: dict[bytes, list[Span]] = defaultdict(list)
    for span in spans:
        found[span.trace_id].append(span)
    return found


def fault(spans: Sequence[Span], door: str = "diagnose") -> str | None:
    """What is wrong with the trace of a whole answer; None if nothing is.

    Args:
        spans: Of one trace.
        door: The request's.
    """
    known = {span.span_id for span in spans} | {b""}
    if orphans := [span.name for span in spans if span.parent_span_id not in known]:
        return f"no parent of {', '.join(orphans)}"
    models = [f"demo_{stage}" for stage in STAGES]
    wanted = sorted([door, *AROUND, *STAGES, *models, *(PARTS * len(STAGES))])
    # A batch stands in the trace of the first item in it alone.
    names = sorted(span.name for span in spans if span.name != "batch")
    return None if names == wanted else f"there are {', '.join(names)}"


def root_of(spans: Iterable[Span]) -> Span:
    """The request's own span."""
    return next(span for span in spans if not span.parent_span_id)


def covered(spans: Sequence[Span], *, hops: bool) -> float:
    """Share of a request's time that the spans of its critical path cover.

    Args:
        spans: Of its trace.
        hops: Whether of a stage the way there and back counts as explained.
    """
    inside: dict[bytes, list[Span]] = defaultdict(list)
    for span in spans:
        inside[span.parent_span_id].append(span)
    root = root_of(spans)
    found = 0
    at = root.end_time_unix_nano
    left = inside[root.span_id]
    while left := [span for span in left if span.end_time_unix_nano <= at + GAP_NS]:
        last = max(left, key=lambda span: span.end_time_unix_nano)
        left.remove(last)
        # A stage's span holds its model's, which holds the parts.
        parts = [part for model in inside[last.span_id] for part in inside[model.span_id]]
        parts = [part for part in parts if part.name in PARTS]
        found += _ns(last) if hops or not parts else sum(map(_ns, parts))
        at = last.start_time_unix_nano
    return found / _ns(root)


def _ns(span: Span) -> int:
    return span.end_time_unix_nano - span.start_time_unix_nano


def sums(page: str) -> float:
    """What the histograms say of all parts of the requests, in the requests' own time.

    The last stage's `wait` is the time of the stages before it.

    Args:
        page: `/metrics`, with requests to `/diagnose` alone.
    """
    said = Page.of(0.0, [page])
    told = (
        said.total("hikari_request_part_seconds_sum")
        + said.total("hikari_decode_seconds_sum")
        + said.total("hikari_stage_seconds_sum", stage=STAGES[-1])
    )
    return told / said.total("hikari_request_seconds_sum")


def explain(requests: int, clients: int) -> Explained:
    """Serves, asks, and follows the traces.

    Args:
        requests: How many.
        clients: How many of them are in flight at once.
    """
    receiver = Receiver()
    tracing = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_BSP_SCHEDULE_DELAY": "500",
    }
    with TemporaryDirectory() as home, serving(Path(home) / "home", **tracing) as server:  # type: ignore[arg-type]
        measure(server.url, Pictures().drawings(requests), clients)
        eventually(lambda: not faults(receiver.spans, requests))
        page = httpx.get(f"{server.url}/metrics", timeout=30).text
    receiver.close()
    traces = by_trace(receiver.spans).values()
    whole = [spans for spans in traces if fault(spans) is None]
    return Explained(
        requests,
        tuple(faults(receiver.spans, requests)),
        tuple(covered(spans, hops=True) for spans in whole),
        tuple(covered(spans, hops=False) for spans in whole),
        sums(page),
    )


def faults(spans: Iterable[Span], requests: int) -> list[str]:
    """What is wrong with the traces of so many requests."""
    traces = by_trace(list(spans))
    found = [what for each in traces.values() if (what := fault(each))]
    if len(traces) != requests:
        found.append(f"there are {len(traces)} traces of {requests} requests")
    return found


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description="Follow where the time of requests goes.")
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--clients", type=int, default=8)
    asked = parser.parse_args()
    found = explain(asked.requests, asked.clients)
    print(found)
    if not found.enough:
        sys.exit("; ".join(["that is too little", *found.faults[:3]]))


if __name__ == "__main__":
    main()
