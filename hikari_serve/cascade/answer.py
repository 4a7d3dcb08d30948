"""The whole answer: what the cascade found, how sure it is, and what produced it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hikari_serve import __version__
from hikari_serve.cascade.answer_parts import (
    CaptionAnswer,
    DiseaseAnswer,
    GroupAnswer,
    caption_answer,
    disease_answer,
    group_answer,
)
from hikari_serve.cascade.checks import Checks, check, withhold
from hikari_serve.cascade.limitations import Limitation, limitations
from hikari_serve.errors import HikariError, Skipped
from hikari_serve.pictures.quality import Quality
from hikari_serve.repository.schema import AbstentionRule, Known
from hikari_serve.stage import (
    Caption,
    Classification,
    Frozen,
    Output,
    Provenance,
    ReferenceCase,
    Retrieval,
    StageResult,
)

NOTICE = "Research software, not a medical device: it must not be used for diagnosis or treatment."


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
        checks: What speaks for the disease and what against.
        quality: How fit the picture is to be judged at all.
        limits: What is known of the models that concerns the labels named here.
    """

    id: str
    status: Literal["complete", "partial", "abstained"]
    quality: Quality
    group: GroupAnswer | None
    disease: DiseaseAnswer | None
    caption: CaptionAnswer | None
    checks: Checks
    references: tuple[ReferenceCase, ...]
    stages: tuple[StageReport, ...]
    provenance: AnswerProvenance
    limits: tuple[Limitation, ...] = ()
    notice: str


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
    rule: AbstentionRule,
    known: Mapping[str, Known],
    quality: Quality,
    top_k: int,
    ends: Sequence[StageEnd],
) -> Answer:
    """Puts the stages' results together.

    Args:
        request_id: The request's id.
        cascade: Name of the cascade.
        notice: What the cascade's answers must say besides `NOTICE`.
        rule: When the disease is withheld.
        known: What is known of the cascade and of each model, by name.
        quality: Of the picture.
        top_k: Length of the differential.
        ends: How each stage ended, in the graph's order.
    """
    found = {end.task: end.result.output for end in ends if end.result is not None}
    group, disease = found.get("group"), found.get("disease")
    caption, retrieval = found.get("caption"), found.get("references")
    checks = check(found)
    said = caption_answer(caption, disease) if isinstance(caption, Caption) else None
    groups = group_answer(group) if isinstance(group, Classification) else None
    named = None
    if isinstance(disease, Classification):
        named = withhold(rule, disease_answer(disease, top_k), said, checks)
    ran: dict[str, Output | None] = {cascade: None}
    ran |= {end.model: end.result.output for end in ends if end.result is not None}
    last = named or groups
    status: Literal["complete", "partial", "abstained"] = "complete"
    if any(end.result is None for end in ends):
        status = "partial"
    elif last is not None and last.decision != "answered":
        status = "abstained"
    return Answer(
        id=request_id,
        status=status,
        quality=quality,
        group=groups,
        disease=named,
        caption=said,
        checks=checks,
        references=retrieval.cases if isinstance(retrieval, Retrieval) else (),
        stages=tuple(end.report() for end in ends),
        provenance=AnswerProvenance(
            server=f"hikari-serve {__version__}",
            cascade=cascade,
            stages={end.name: end.result.provenance for end in ends if end.result is not None},
        ),
        limits=limitations(known, ran),
        notice=f"{NOTICE} {notice}".strip(),
    )
