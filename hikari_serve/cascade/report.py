"""How a run's stages ended and what made their results: for the run, and as an answer tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from hikari_serve.cascade.consistency import Mention
from hikari_serve.errors import HikariError, Skipped
from hikari_serve.stage import (
    Classification,
    Decision,
    Description,
    Frozen,
    Output,
    Provenance,
    StageResult,
)

Status = Literal["complete", "partial", "abstained"]
"""How whole an answer is: `partial` if a stage has no result, `abstained` if the last label asked
for is not answered."""


class LabelFound(Frozen):
    """What a classifying stage found; see `Classification` for the fields."""

    kind: Literal["classify"] = "classify"
    label: str | None
    display_name: str | None
    probability: float | None
    scores: Mapping[str, float]
    label_mass: float | None
    decision: Decision
    reason: str | None
    written: str | None = None


class TextFound(Frozen):
    """What a describing stage wrote; see `Description` for the fields."""

    kind: Literal["describe"] = "describe"
    text: str
    finish_reason: Literal["stop", "length"]


class CaseFound(Frozen):
    """A retrieved case by its id in the index, and how similar its picture is, from -1 to 1."""

    id: str
    similarity: float


class CasesFound(Frozen):
    """What a retrieving stage found, the best first, and the digest of the index it is in."""

    kind: Literal["retrieve"] = "retrieve"
    index: str
    cases: tuple[CaseFound, ...]


class StageError(Frozen):
    """Why a stage has no result: the code of `errors.py` and a sentence."""

    code: str
    message: str


class StageReport(Frozen):
    """How one stage went, and what it found.

    Attributes:
        name: The stage.
        kind: Its model's kind.
        model: Its model.
        status: `failed` if it ran and raised, `skipped` if a stage that it needs had no result.
        error: The cause, unless the status is `ok`.
        found: What it found, unless it has no result.
        missing_inputs: Optional inputs that it had to do without.
        given: The stages whose results it was given, so that it is no independent evidence for
            them, nor they for it.
        cases_shown: How many of the reference cases that it was given its model was shown; None
            where it was given none, or is of a release that does not say.
        prepare_ms: Milliseconds until the engine's request was made.
        queue_ms: Milliseconds in the stage's queue.
        compute_ms: Milliseconds in the engine, shared by the batch.
        read_ms: Milliseconds to read the result from the engine's answer.
        total_ms: Milliseconds from the call to the result, the hop included.
        batch_size: Items that the engine ran together.
        provisional: Whether its label may still be withheld, for a stage that has not ended; only
            while an answer is on its way.
    """

    name: str
    kind: str
    model: str
    version: int | None = None
    status: Literal["ok", "failed", "skipped"]
    error: StageError | None = None
    found: Annotated[LabelFound | TextFound | CasesFound, Field(discriminator="kind")] | None = None
    missing_inputs: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    cases_shown: int | None = None
    prepare_ms: float | None = None
    queue_ms: float | None = None
    compute_ms: float | None = None
    read_ms: float | None = None
    total_ms: float
    batch_size: int | None = None
    provisional: bool = False


class AnswerProvenance(Frozen):
    """What produced an answer.

    Attributes:
        server: Name and release of the server.
        cascade: Name of the cascade.
        config: SHA-256 digest of what its configuration says, its rule among it.
        stages: Each stage's own provenance, if it has a result.
    """

    server: str
    cascade: str
    config: str | None = None
    stages: Mapping[str, Provenance]


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
        kind: Its model's kind.
        model: Its model.
        result: What it found.
        error: Why there is no result.
        missing_inputs: Optional inputs that it had to do without.
        given: The stages whose results it was given.
        waited: Seconds until its inputs were there.
        seconds: From the call to the end, the hop included.
        provisional: Whether its label may still be withheld, for a stage that has not ended.
        mentions: What its words say of the headline's label, for `on_event` alone; None where it
            describes nothing or that label is still to come.
        trace: The trace context that it was called with.
    """

    name: str
    kind: str
    model: str
    result: StageResult | None = None
    error: HikariError | None = None
    missing_inputs: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)
    waited: float = 0.0
    seconds: float = 0.0
    provisional: bool = False
    mentions: tuple[Mention, ...] | None = None
    trace: str | None = None

    @property
    def output(self) -> Output | None:
        """What it found, if anything."""
        return self.result.output if self.result else None

    def report(self) -> StageReport:
        """The end as an answer tells it."""
        result, error = self.result, self.error
        failure: Literal["failed", "skipped"] = (
            "skipped" if isinstance(error, Skipped) else "failed"
        )
        return StageReport(
            name=self.name,
            kind=self.kind,
            model=self.model,
            version=result.provenance.version if result else None,
            status="ok" if result else failure,
            error=StageError(code=error.code, message=error.message) if error else None,
            found=_found(result.output) if result else None,
            missing_inputs=tuple(self.missing_inputs),
            given=tuple(self.given),
            cases_shown=self.output.cases_shown
            if isinstance(self.output, Classification)
            else None,
            prepare_ms=result.prepare_ms if result else None,
            queue_ms=result.queue_ms if result else None,
            compute_ms=result.compute_ms if result else None,
            read_ms=result.read_ms if result else None,
            total_ms=round(self.seconds * 1000, 3),
            batch_size=result.batch_size if result else None,
            provisional=self.provisional,
        )


def _found(output: Output) -> LabelFound | TextFound | CasesFound:
    """An output without what only serves to compare, or is told in full elsewhere."""
    if isinstance(output, Classification):
        return LabelFound(
            label=output.label,
            display_name=output.display_name,
            probability=output.probability,
            scores=output.scores,
            label_mass=output.label_mass,
            decision=output.decision,
            reason=output.reason,
            written=output.written,
        )
    if isinstance(output, Description):
        return TextFound(text=output.text, finish_reason=output.finish_reason)
    cases = tuple(CaseFound(id=case.id, similarity=case.similarity) for case in output.cases)
    return CasesFound(index=output.index, cases=cases)
