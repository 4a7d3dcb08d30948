"""What metrics, logs and traces cost a request: `python -m benchmarks.observing`.

Two servers take turns: one with metrics, log and traces, its traces sent to a receiver of OTLP; one
where nobody hears what happens. Their engines repeat one answer, so that what is compared is not
lost in what they compute. A request's cost is the processor time of all processes of its server.
The turns are short and many, because what else a machine does makes a request dearer or cheaper by
more than what is looked for. What Prometheus' reading costs comes with each reading, not with a
request, and is told apart.
"""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
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
READINGS = 10

SPANS = 28
"""Of a request: itself, its intake, decoding and answer, and of each of four stages the call, the
model and its four parts. A batch of several has one more."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of processor time a request, run by run.

    Attributes:
        observed: With metrics, log and traces.
        unobserved: With nobody who hears.
        reading: The same for each time that the observed one's metrics are read.
        spans: How many spans the receiver got.
        series: How many series of ours each server had in the end: the unobserved, the observed.
    """

    observed: tuple[float, ...]
    unobserved: tuple[float, ...]
    reading: float
    spans: int
    series: tuple[int, int]

    @property
    def ms(self) -> float:
        """The difference, median of the runs."""
        return median(self._differences)

    @property
    def _differences(self) -> list[float]:
        return [one - other for one, other in zip(self.observed, self.unobserved, strict=True)]

    def __str__(self) -> str:
        """As sentences."""
        low, _, high = quantiles(self._differences, n=4)
        return (
            f"observed {median(self.observed):.1f}, unobserved {median(self.unobserved):.1f} ms of "
            f"processor time a request: observing costs {self.ms:.2f} ms, in half of "
            f"{len(self.observed)} turns between {low:.2f} and {high:.2f}; each "
            f"reading of its metrics {self.reading:.0f} ms"
        )


def compare(runs: int, requests: int) -> Cost:
    """Serves both, and asks them in turns.

    Args:
        runs: Of each, at least two.
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
        before = _processor_ms(observed)
        for _ in range(READINGS):
            series = _series(unobserved), _series(observed)
        reading = (_processor_ms(observed) - before) / READINGS
        # Each process sends what it has every five seconds.
        eventually(lambda: len(receiver.spans) >= SPANS * requests * (runs + 1))
    receiver.close()
    on, off = zip(*turns, strict=True)
    return Cost(on, off, reading, len(receiver.spans), series)


def _run(server: Server, pictures: list[bytes]) -> float:
    before = _processor_ms(server)
    measure(server.url, pictures, CLIENTS)
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
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--requests", type=int, default=40)
    asked = parser.parse_args()
    cost = compare(asked.runs, asked.requests)
    print(cost)
    if cost.ms > MOST_MS:
        sys.exit(f"that is more than {MOST_MS:g} ms")


if __name__ == "__main__":
    main()
