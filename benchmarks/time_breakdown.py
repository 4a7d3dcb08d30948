"""How much of a lone request is the models' work, and how much the server's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.cascade_result import CascadeResult, StageTime
from benchmarks.passes import Pass

SIDE_BY_SIDE = ("group", "references")
"""Stages that run at the same time: a request waits for the slower of the two."""

IN_TURN = ("disease", "caption")


@dataclass(frozen=True, slots=True)
class TimeBreakdown:
    """Medians, in milliseconds, of requests that were alone.

    Attributes:
        latency: From the client's request to the answer.
        own: Of that, what no stage on the critical path spent in its queue or its engine.
        intake: Of `own`, what lies outside the stages: HTTP, decoding and scaling the picture,
            the answer, and the client's own part in all of it.
        stages: Each stage's times.
    """

    latency: float
    own: float
    intake: float
    stages: Mapping[str, StageTime]

    @classmethod
    def of(cls, passes: Sequence[Pass[CascadeResult]]) -> "TimeBreakdown":
        """Reads them off passes with one client."""
        replies = [reply for each in passes for reply in each.steady]
        return cls(
            latency=median(reply.ms for reply in replies),
            own=median(reply.ms - worked_ms(reply.answer) for reply in replies),
            intake=median(reply.ms - staged_ms(reply.answer) for reply in replies),
            stages={
                name: _middle([reply.answer.stages[name] for reply in replies])
                for name in (*SIDE_BY_SIDE, *IN_TURN)
            },
        )


def worked_ms(found: CascadeResult) -> float:
    """Queue and engine of the stages that the request waited for, one after the other."""
    return _critical({name: time.queue + time.compute for name, time in found.stages.items()})


def staged_ms(found: CascadeResult) -> float:
    """The same with the hops to the stages and back."""
    return _critical({name: time.total for name, time in found.stages.items()})


def _critical(cost: Mapping[str, float]) -> float:
    return max(cost[name] for name in SIDE_BY_SIDE) + sum(cost[name] for name in IN_TURN)


def _middle(times: Sequence[StageTime]) -> StageTime:
    return StageTime(
        queue=median(time.queue for time in times),
        compute=median(time.compute for time in times),
        hop=median(time.hop for time in times),
    )
