"""The page of the protocol's doors."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmarks.machine import Machine
from benchmarks.passes import Speed
from benchmarks.protocol.doors import Door
from benchmarks.protocol.perf_analyzer import Measured
from benchmarks.tables import ms, table

MOST_MS = 3.0
"""What gRPC may cost more than `/diagnose` for the same drawing, at the median."""


@dataclass(frozen=True, slots=True)
class Results:
    """What a run found.

    Attributes:
        machine: Where.
        alone: Milliseconds of each drawing, by door.
        crowded: By door and clients.
        analyzed: What `perf_analyzer` found, by protocol and clients; empty where it was not run.
        quick: Whether there were too few requests to quote.
    """

    machine: Machine
    alone: Mapping[Door, list[float]]
    crowded: Mapping[tuple[Door, int], Speed]
    analyzed: Mapping[tuple[str, int], Measured]
    quick: bool

    def more(self, door: Door) -> float:
        """Milliseconds that a door costs more than `/diagnose` for a drawing, at the median."""
        pairs = zip(self.alone[door], self.alone[Door.DIAGNOSE], strict=True)
        return median(its - base for its, base in pairs)


def page(results: Results) -> str:
    """The whole page, in Markdown."""
    parts = (_head(results), _alone(results), _crowded(results), _analyzed(results))
    return "\n\n".join(parts) + "\n"


def _head(results: Results) -> str:
    machine = results.machine
    quick = "\n\n**From a quick run, with too few requests to quote.**" if results.quick else ""
    return f"""# The inference protocol beside `/diagnose`

`make bench-protocol` measures all of this anew and writes this page.{quick}

- machine: {machine.processor}, {machine.cores} cores, {machine.memory_gb:.0f} GB, \
{machine.system}, no GPU used; load average before the run {machine.load:.1f}
- run: {machine.day}
- versions: {machine.versions}

The models are the demo family. Every door is asked for the whole answer of a drawing, in one run
against one server; the clients are in one process beside it, and take their share of the same
cores."""


def _alone(results: Results) -> str:
    rows = []
    for door, took in results.alone.items():
        late = float(np.percentile(took, 95))
        rows.append((door.value, ms(median(took)), ms(late), f"{results.more(door):+.1f}"))
    more = results.more(Door.GRPC)
    met = "met" if more <= MOST_MS else "**not met**"
    head = ("door", "p50 ms", "p95 ms", "more than `/diagnose` for a drawing, p50 ms")
    return f"""## One client

Each drawing is asked for by every door in turn, in another order each time.

{table(head, rows)}

Goal: gRPC costs at most {MOST_MS:g} ms more: {met}."""


def _crowded(results: Results) -> str:
    rows = [
        (door.value, str(clients), f"{speed.rate:.2f}", ms(speed.p50), ms(speed.p99))
        for (door, clients), speed in results.crowded.items()
    ]
    head = ("door", "clients", "answers a second", "p50 ms", "p99 ms")
    return f"""## Several clients

[How](performance.md#how-it-is-measured) is as for the server's other numbers.

{table(head, rows)}"""


def _analyzed(results: Results) -> str:
    if not results.analyzed:
        return "`perf_analyzer` was not run."
    rows = [
        (protocol, str(clients), f"{found.rate:.2f}", ms(found.p50), ms(found.p99))
        for (protocol, clients), found in results.analyzed.items()
    ]
    head = ("protocol", "clients", "answers a second", "p50 ms", "p99 ms")
    return f"""## NVIDIA's perf_analyzer

Release 2.41, unchanged; it asks for all outputs of the cascade, for three windows of time.
Its workers send the same pictures at once, and what is the same in flight is computed once: its
numbers compare with one another, and not with those above.

{table(head, rows)}"""
