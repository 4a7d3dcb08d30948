"""What Triton's statistics count, of one API process."""

import time
from collections import defaultdict
from dataclasses import dataclass

from hikari_serve.cascade.graph import Graph
from hikari_serve.errors import HikariError
from hikari_serve.observer import Observer
from hikari_serve.stage import StageResult


@dataclass(slots=True)
class Duration:
    """How often something happened, and how long it took in all, in nanoseconds."""

    count: int = 0
    ns: int = 0

    def add(self, seconds: float) -> None:
        """Counts one more."""
        self.count += 1
        self.ns += int(seconds * 1e9)


DURATIONS = (
    "success",
    "fail",
    "queue",
    "compute_input",
    "compute_infer",
    "compute_output",
    "cache_hit",
    "cache_miss",
)
"""What Triton counts of a model; there is no cache here, and making views and reading answers are
part of the call."""


@dataclass(slots=True)
class Counted:
    """The counts of one model; Triton's names.

    Attributes:
        success: Items that were answered, and their time from the call to the end.
        fail: Items that were not.
        queue: Their waiting in front of the engine.
        compute_infer: Their time in the engine, that of their batch.
        executions: Batches; an item of a batch of four is a quarter of one.
        last_ms: When the last one ended, in milliseconds since the Unix epoch.
    """

    success: Duration
    fail: Duration
    queue: Duration
    compute_infer: Duration
    executions: float = 0.0
    last_ms: int = 0

    def duration(self, name: str) -> Duration:
        """One of `DURATIONS`; what is not measured is none."""
        return getattr(self, name, None) or Duration()


class Statistics(Observer):
    """Counts items by model: those of cascades by whatever door, and those of models alone."""

    def __init__(self, graph: Graph) -> None:
        """Args:
        graph: Of the served cascade.
        """
        self._of_stage = {node.name: node.config.name for node in graph.nodes}
        self._models: dict[str, Counted] = defaultdict(
            lambda: Counted(Duration(), Duration(), Duration(), Duration())
        )

    def of(self, model: str) -> Counted:
        """The counts of a model."""
        return self._models[model]

    def stage_ended(
        self, cascade: str, stage: str, seconds: float, ended: StageResult | HikariError
    ) -> None:
        """Counts a stage's item."""
        self.item_ended(self._of_stage[stage], seconds, ended)

    def item_ended(
        self, model: str, seconds: float, ended: StageResult | HikariError | None
    ) -> None:
        """Counts an item.

        Args:
            model: The model that it was for.
            seconds: From the call to the end.
            ended: What a stage found, or why there is nothing; None for a cascade's answer.
        """
        counted = self._models[model]
        if isinstance(ended, HikariError):
            counted.fail.add(seconds)
            return
        counted.success.add(seconds)
        counted.last_ms = int(time.time() * 1000)
        counted.queue.add(ended.queue_ms / 1000 if ended else 0.0)
        counted.compute_infer.add(ended.compute_ms / 1000 if ended else seconds)
        counted.executions += 1 / ended.batch_size if ended else 1
