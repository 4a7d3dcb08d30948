"""What Triton's statistics count, of one API process."""

import time
from collections import defaultdict
from dataclasses import dataclass, field

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
"""What Triton counts of a model; there is no cache here. An answered item counts in each of the
others: `perf_analyzer` ends where `compute_input`, `compute_infer` and `compute_output` differ."""


@dataclass(slots=True)
class Counted:
    """The counts of one model; Triton's names.

    Attributes:
        success: Items that were answered, and their time from the call to the end.
        fail: Items that were not.
        queue: Their waiting in front of the engine.
        compute_input: Their time until the engine's request was made.
        compute_infer: Their time in the engine, that of their batch.
        compute_output: Their time from the engine's answer to the result.
        executions: Batches; an item of a batch of four is a quarter of one.
        last_ms: When the last one ended, in milliseconds since the Unix epoch.
    """

    success: Duration = field(default_factory=Duration)
    fail: Duration = field(default_factory=Duration)
    queue: Duration = field(default_factory=Duration)
    compute_input: Duration = field(default_factory=Duration)
    compute_infer: Duration = field(default_factory=Duration)
    compute_output: Duration = field(default_factory=Duration)
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
        self._of_stage = _by_stage(graph)
        self._others: dict[str, dict[str, str]] = {}
        self._models: dict[str, Counted] = defaultdict(Counted)

    def also(self, cascade: str, graph: Graph) -> None:
        """Counts another cascade's stages too."""
        self._others[cascade] = _by_stage(graph)

    def of(self, model: str) -> Counted:
        """The counts of a model."""
        return self._models[model]

    def stage_ended(
        self, cascade: str, stage: str, seconds: float, ended: StageResult | HikariError
    ) -> None:
        """Counts a stage's item."""
        self.item_ended(self._others.get(cascade, self._of_stage)[stage], seconds, ended)

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
        counted.compute_input.add(ended.prepare_ms / 1000 if ended else 0.0)
        counted.compute_infer.add(ended.compute_ms / 1000 if ended else seconds)
        counted.compute_output.add(ended.read_ms / 1000 if ended else 0.0)
        counted.executions += 1 / ended.batch_size if ended else 1


def _by_stage(graph: Graph) -> dict[str, str]:
    return {node.name: node.config.name for node in graph.nodes}
