"""What metrics, logs and traces cost a request: `python -m benchmarks.observing`.

Two servers take turns: one with metrics, log and traces, its traces sent to a receiver of OTLP and
its metrics read once a run; one where nobody hears what happens. Their engines repeat one answer,
so that what is compared is not lost in what they compute. A request's cost is the processor time of
all processes of its server.
"""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import psutil

from benchmarks.pictures import Pictures
from benchmarks.served import measure
from tests.eventually import eventually
from tests.observability.receiver import Receiver
from tests.served.server import Server, serving

OBSERVED = "benchmarks.observing.observed:Hikari"
UNOBSERVED = "benchmarks.observing.unobserved:Hikari"

MOST_MS = 2.0
"""What observing may cost a request, in milliseconds of processor time."""

CLIENTS = 4

SPANS = 28
"""Of a request: itself, its intake, decoding and answer, and of each of four stages the call, the
model and its four parts. A batch of several has one more."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of processor time a request, run by run.

    Attributes:
        observed: With metrics, log and traces.
        unobserved: With nobody who hears.
        spans: How many spans the receiver got.
        series: How many series of ours each server had in the end: the unobserved, the observed.
    """

    observed: tuple[float, ...]
    unobserved: tuple[float, ...]
    spans: int
    series: tuple[int, int]

    @property
    def ms(self) -> float:
        """The difference, median of the runs."""
        return median(
            one - other for one, other in zip(self.observed, self.unobserved, strict=True)
        )

    def __str__(self) -> str:
        """As sentences."""
        runs = [", ".join(f"{ms:.1f}" for ms in each) for each in (self.observed, self.unobserved)]
        return (
            f"observed {runs[0]}; unobserved {runs[1]} ms of processor time a request: observing "
            f"costs {self.ms:.2f} ms"
        )


def compare(runs: int, requests: int) -> Cost:
    """Serves both, and asks them in turns.

    Args:
        runs: Of each.
        requests: Of each run.
    """
    pictures, receiver = Pictures(), Receiver()
    with ExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory()))
        tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
        observed = stack.enter_context(serving(home / "on", OBSERVED, **tracing))  # type: ignore[arg-type]
        unobserved = stack.enter_context(serving(home / "off", UNOBSERVED))

        def ask(server: Server) -> float:
            return _run(server, pictures.drawings(requests))

        for each in (observed, unobserved):
            ask(each)  # connections, and what is imported late
        turns = [(ask(observed), ask(unobserved)) for _ in range(runs)]
        series = _series(unobserved), _series(observed)
        # Each process sends what it has every five seconds.
        eventually(lambda: len(receiver.spans) >= SPANS * requests * (runs + 1))
    receiver.close()
    on, off = zip(*turns, strict=True)
    return Cost(on, off, len(receiver.spans), series)


def _run(server: Server, pictures: list[bytes]) -> float:
    before = _processor_ms(server)
    measure(server.url, pictures, CLIENTS)
    httpx.get(f"{server.url}/metrics", timeout=30).raise_for_status()
    return (_processor_ms(server) - before) / len(pictures)


def _series(server: Server) -> int:
    page = httpx.get(f"{server.url}/metrics", timeout=30).text
    return sum(line.startswith("hikari_") for line in page.splitlines())


def _processor_ms(server: Server) -> float:
    root = psutil.Process(server.process.pid)
    times = [each.cpu_times() for each in (root, *root.children(recursive=True))]
    return 1000 * sum(each.user + each.system for each in times)


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description="Measure what being observed costs a request.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    asked = parser.parse_args()
    cost = compare(asked.runs, asked.requests)
    print(cost)
    if cost.ms > MOST_MS:
        sys.exit(f"that is more than {MOST_MS:g} ms")


if __name__ == "__main__":
    main()
