"""What a run found, and how that stands against what was aimed at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from benchmarks.batching.comparison import Batcher
from benchmarks.bounds import Bounds
from benchmarks.cascade_result import Agreement
from benchmarks.machine import Machine
from benchmarks.passes import Speed
from benchmarks.plan import Plan
from benchmarks.time_breakdown import TimeBreakdown


class Who(StrEnum):
    """What was measured."""

    LOOP = "the card's loop"
    INLINE = "the cascade in one process"
    SERVED = "the server, over HTTP"
    PHOTOGRAPHS = "the server, photographs"
    LITSERVE = "the card behind LitServe"
    FASTAPI = "the card behind FastAPI"


RIVALS = (Who.LITSERVE, Who.FASTAPI)
SERVERS = (Who.SERVED, *RIVALS)
TIMED = (Who.LOOP, Who.INLINE, Who.SERVED, Who.PHOTOGRAPHS)
"""Who tells how long each stage took."""

Key = tuple[Who, int]
"""Who was asked, and by how many clients at once."""


@dataclass(frozen=True, slots=True)
class Results:
    """What a run found.

    Attributes:
        machine: Where.
        plan: How much.
        starts: Seconds from a server's command to ready, of each start.
        resident: Bytes that all processes of a server take after load.
        photograph_bytes: Size of a photograph's file.
        loop_threads: Threads that the card's loop and the rivals computed with.
        speeds: How fast each was.
        shares: Where the time went with one client.
        agreement: How often the loop and each rival answered as the server did.
        bounds: What each server takes of the processor, in the passes that `speeds` tells of.
        batchers: BentoML's batching and ours.
        seconds: How long the run took.
    """

    machine: Machine
    plan: Plan
    starts: Mapping[Who, tuple[float, ...]]
    resident: Mapping[Who, int]
    photograph_bytes: int
    loop_threads: int
    speeds: Mapping[Key, Speed]
    shares: Mapping[Who, TimeBreakdown]
    agreement: Mapping[Who, Agreement]
    bounds: Mapping[Key, Bounds]
    batchers: tuple[Batcher, ...]
    seconds: float

    def gain(self, of: Key, over: Key) -> float:
        """How many times as many cascades a second one did as another."""
        return self.speeds[of].rate / self.speeds[over].rate


@dataclass(frozen=True, slots=True)
class Goal:
    """What was aimed at, beside what came out."""

    what: str
    wanted: str
    found: str
    met: bool


def goals(results: Results) -> Iterator[Goal]:
    """Every goal, met or not."""
    loop, alone = results.speeds[Who.LOOP, 1], results.speeds[Who.SERVED, 1]
    batched = results.plan.batched
    gain = results.gain((Who.SERVED, batched), (Who.LOOP, 1))
    yield Goal(
        f"cascades a second with {batched} clients, against the card's loop",
        "at least 4 x", f"{gain:.2f} x", gain >= 4,
    )  # fmt: skip
    for rival in RIVALS:
        gain = results.gain((Who.SERVED, batched), (rival, batched))
        yield Goal(
            f"cascades a second with {batched} clients, against {rival.value}",
            "more than 1 x", f"{gain:.2f} x", gain > 1,
        )  # fmt: skip
    yield Goal(
        "latency of a lone request, median",
        f"at most the loop's {loop.p50:.0f} ms", f"{alone.p50:.0f} ms", alone.p50 <= loop.p50,
    )  # fmt: skip
    own = results.shares[Who.SERVED].own
    yield Goal(
        "the server's own share of a lone request, median",
        "at most 15 ms", f"{own:.1f} ms", own <= 15,
    )  # fmt: skip
    batching = results.gain((Who.INLINE, batched), (Who.INLINE, 1))
    yield Goal(
        f"gain of batching alone, {batched} in flight against one",
        "at least 2.5 x", f"{batching:.2f} x", batching >= 2.5,
    )  # fmt: skip
    start = median(results.starts[Who.SERVED])
    yield Goal("from the command to ready", "at most 30 s", f"{start:.1f} s", start <= 30)
    resident = results.resident[Who.SERVED] / 1e9
    yield Goal(
        "memory of all processes after load", "at most 3 GB", f"{resident:.2f} GB", resident <= 3
    )
