"""What a cascade found for one picture and how long its stages took, whoever ran it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.passes import Pass, Reply
from hikari_serve.cascade.report import StageReport
from hikari_serve.presentation.answer import Answer


@dataclass(frozen=True, slots=True)
class StageTime:
    """Milliseconds of one stage.

    Attributes:
        queue: From its arrival to the engine's start.
        compute: In the engine.
        hop: The way to the stage and back.
    """

    queue: float
    compute: float
    hop: float

    @property
    def total(self) -> float:
        """From the call to the result."""
        return self.queue + self.compute + self.hop


@dataclass(frozen=True, slots=True)
class CascadeResult:
    """One picture's answer: label ids, the caption, and its stages' times by name."""

    group: str | None
    disease: str | None
    caption: str | None
    stages: Mapping[str, StageTime]

    @classmethod
    def of(cls, answer: Answer) -> "CascadeResult":
        """Picks the service's own answer apart.

        Raises:
            ValueError: A stage had no result, so that this was no whole cascade.
        """
        if answer.status == "partial":
            raise ValueError(f"a partial answer: {[report.error for report in answer.stages]}")
        return cls(
            group=answer.group.label if answer.group else None,
            disease=answer.disease.label if answer.disease else None,
            caption=answer.caption.text if answer.caption else None,
            stages={report.name: _time(report) for report in answer.stages},
        )

    @classmethod
    def read(cls, body: bytes) -> "CascadeResult":
        """Parses the body of `/diagnose`."""
        return cls.of(Answer.model_validate_json(body))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Shares, from 0 to 1, of the pictures that two sides answered alike."""

    pictures: int
    group: float
    disease: float
    caption: float

    @classmethod
    def between(
        cls, ones: Sequence[Pass[CascadeResult]], others: Sequence[Pass[CascadeResult]]
    ) -> "Agreement":
        """Compares passes that began with the same pictures, picture by picture."""
        pairs: list[tuple[CascadeResult, CascadeResult]] = []
        for one, other in zip(ones, others, strict=True):
            mine, theirs = _by_index(one.replies), _by_index(other.replies)
            pairs += [(mine[index], theirs[index]) for index in mine.keys() & theirs.keys()]
        return cls(
            pictures=len(pairs),
            group=sum(a.group == b.group for a, b in pairs) / len(pairs),
            disease=sum(a.disease == b.disease for a, b in pairs) / len(pairs),
            caption=sum(a.caption == b.caption for a, b in pairs) / len(pairs),
        )

    @property
    def least(self) -> float:
        """The smallest of the three."""
        return min(self.group, self.disease, self.caption)


def _time(report: StageReport) -> StageTime:
    assert report.prepare_ms is not None
    assert report.queue_ms is not None
    assert report.compute_ms is not None
    waited = report.prepare_ms + report.queue_ms  # for the engine
    hop = report.total_ms - waited - report.compute_ms
    return StageTime(waited, report.compute_ms, hop)


def _by_index(replies: Sequence[Reply[CascadeResult]]) -> dict[int, CascadeResult]:
    return {reply.index: reply.answer for reply in replies}
