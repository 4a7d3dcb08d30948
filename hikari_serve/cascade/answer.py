"""The whole answer: what the cascade found, how sure it is, and what produced it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hikari_serve import __version__
from hikari_serve.errors import HikariError, Skipped
from hikari_serve.labels.consistency import Consistency, consistency
from hikari_serve.quality import Quality
from hikari_serve.stage import (
    Caption,
    Classification,
    Decision,
    Frozen,
    Output,
    Provenance,
    ReferenceCase,
    Retrieval,
    StageResult,
)

NOTICE = "Research software, not a medical device: it must not be used for diagnosis or treatment."


class Ranked(Frozen):
    """One label of a differential with its probability."""

    label: str
    display_name: str
    probability: float


class GroupAnswer(Frozen):
    """The lesion's group; see `Classification` for the fields."""

    label: str | None
    display_name: str | None
    probability: float
    scores: Mapping[str, float]
    label_mass: float
    decision: Decision
    reason: str | None


class DiseaseAnswer(Frozen):
    """The disease and the ranked differential; see `Classification` for the fields."""

    label: str | None
    display_name: str | None
    probability: float
    differential: tuple[Ranked, ...]
    label_mass: float
    decision: Decision
    reason: str | None


class CaptionAnswer(Frozen):
    """The description, and whether what it says fits the disease."""

    text: str
    consistency: Consistency
    finish_reason: Literal["stop", "length"]


class StageError(Frozen):
    """Why a stage has no result: the code of `errors.py` and a sentence."""

    code: str
    message: str


class StageReport(Frozen):
    """How one stage went.

    Attributes:
        name: The stage.
        model: Its model.
        status: `failed` if it ran and raised, `skipped` if a stage that it needs had no result.
        error: The cause, unless the status is `ok`.
        missing_inputs: Optional inputs that it had to do without.
        queue_ms: Milliseconds in the stage's queue.
        compute_ms: Milliseconds in the engine, shared by the batch.
        total_ms: Milliseconds from the call to the result, the hop included.
        batch_size: Items that the engine ran together.
    """

    name: str
    model: str
    version: int | None = None
    status: Literal["ok", "failed", "skipped"]
    error: StageError | None = None
    missing_inputs: tuple[str, ...] = ()
    queue_ms: float | None = None
    compute_ms: float | None = None
    total_ms: float
    batch_size: int | None = None


class AnswerProvenance(Frozen):
    """What produced an answer: the server, the cascade, and each stage's own provenance."""

    server: str
    cascade: str
    stages: Mapping[str, Provenance]


class Answer(Frozen):
    """Everything that a request gets back; what `/diagnose` answers as JSON.

    Attributes:
        id: The request's id.
        status: `partial` if a stage has no result, `abstained` if the last label asked for is
            not `answered`, else `complete`.
        quality: How fit the picture is to be judged at all.
    """

    id: str
    status: Literal["complete", "partial", "abstained"]
    quality: Quality
    group: GroupAnswer | None
    disease: DiseaseAnswer | None
    caption: CaptionAnswer | None
    references: tuple[ReferenceCase, ...]
    stages: tuple[StageReport, ...]
    provenance: AnswerProvenance
    notice: str


def group_answer(found: Classification) -> GroupAnswer:
    """Words a group stage's result for the answer."""
    return GroupAnswer(**found.model_dump(exclude={"kind", "names"}))


def disease_answer(found: Classification, top_k: int) -> DiseaseAnswer:
    """Words a disease stage's result, with the `top_k` most probable labels."""
    ranked = list(found.scores.items())[:top_k]
    differential = tuple(
        Ranked(label=label, display_name=found.names[label], probability=probability)
        for label, probability in ranked
    )
    kept = found.model_dump(exclude={"kind", "names", "scores"})
    return DiseaseAnswer(**kept, differential=differential)


def caption_answer(caption: Caption, disease: Output | None) -> CaptionAnswer:
    """Words a caption, and compares it with the disease."""
    return CaptionAnswer(
        text=caption.text,
        consistency=consistency(caption.text, disease),
        finish_reason=caption.finish_reason,
    )


@dataclass(frozen=True, slots=True)
class Words:
    """The next words of a stage that generates."""

    stage: str
    text: str


@dataclass(slots=True)
class StageEnd:
    """How one stage ended, with its result or its error; filled while it runs.

    Attributes:
        name: The stage.
        task: Its model's task.
        model: Its model.
        result: What it found.
        error: Why there is no result.
        missing_inputs: Optional inputs that it had to do without.
        seconds: From the call to the end, the hop included.
    """

    name: str
    task: str
    model: str
    result: StageResult | None = None
    error: HikariError | None = None
    missing_inputs: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def report(self) -> StageReport:
        """The end as an answer tells it."""
        result, error = self.result, self.error
        failure: Literal["failed", "skipped"] = (
            "skipped" if isinstance(error, Skipped) else "failed"
        )
        return StageReport(
            name=self.name,
            model=self.model,
            version=result.provenance.version if result else None,
            status="ok" if result else failure,
            error=StageError(code=error.code, message=error.message) if error else None,
            missing_inputs=tuple(self.missing_inputs),
            queue_ms=result.queue_ms if result else None,
            compute_ms=result.compute_ms if result else None,
            total_ms=round(self.seconds * 1000, 3),
            batch_size=result.batch_size if result else None,
        )


def assemble(
    request_id: str,
    cascade: str,
    notice: str,
    quality: Quality,
    top_k: int,
    ends: Sequence[StageEnd],
) -> Answer:
    """Puts the stages' results together.

    Args:
        request_id: The request's id.
        cascade: Name of the cascade.
        notice: What the cascade's answers must say besides `NOTICE`.
        quality: Of the picture.
        top_k: Length of the differential.
        ends: How each stage ended, in the graph's order.
    """
    found = {end.task: end.result.output for end in ends if end.result is not None}
    group, disease = found.get("group"), found.get("disease")
    caption, retrieval = found.get("caption"), found.get("references")
    last = disease if isinstance(disease, Classification) else group
    status: Literal["complete", "partial", "abstained"] = "complete"
    if any(end.result is None for end in ends):
        status = "partial"
    elif isinstance(last, Classification) and last.decision != "answered":
        status = "abstained"
    return Answer(
        id=request_id,
        status=status,
        quality=quality,
        group=group_answer(group) if isinstance(group, Classification) else None,
        disease=disease_answer(disease, top_k) if isinstance(disease, Classification) else None,
        caption=caption_answer(caption, disease) if isinstance(caption, Caption) else None,
        references=retrieval.cases if isinstance(retrieval, Retrieval) else (),
        stages=tuple(end.report() for end in ends),
        provenance=AnswerProvenance(
            server=f"hikari-serve {__version__}",
            cascade=cascade,
            stages={end.name: end.result.provenance for end in ends if end.result is not None},
        ),
        notice=f"{NOTICE} {notice}".strip(),
    )
