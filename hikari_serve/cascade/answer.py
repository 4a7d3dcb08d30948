"""What a cascade found: how each stage ended, how sure the headline is, and what produced it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hikari_serve import __version__
from hikari_serve.cascade.evidence import Evidence, weigh, withhold
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.limitations import Limitation, limitations
from hikari_serve.cascade.report import AnswerProvenance, StageEnd, Status
from hikari_serve.pictures.quality import Quality
from hikari_serve.repository.schema import CascadeConfig, Known
from hikari_serve.stage import Classification, Output

NOTICE = "Research software, not a medical device: it must not be used for diagnosis or treatment."


@dataclass(frozen=True, slots=True)
class CascadeAnswer:
    """Everything that a run of a cascade found.

    Attributes:
        id: The request's id.
        status: `partial` if a stage has no result, `abstained` if the last label asked for is
            not `answered`, else `complete`.
        headline: The stage that the answer stands for.
        quality: How fit the picture is to be judged at all.
        evidence: What speaks for the headline's label and what against.
        ends: How each stage ended, in the graph's order; the headline as it may be told.
        provenance: What produced it.
        limits: What is known of the models that concerns the labels named here.
        notice: What must be said with it.
    """

    id: str
    status: Status
    headline: str
    quality: Quality
    evidence: Evidence
    ends: tuple[StageEnd, ...]
    provenance: AnswerProvenance
    limits: tuple[Limitation, ...]
    notice: str

    def output(self, stage: str) -> Output | None:
        """What a stage found; None where it found nothing or was not asked."""
        return next((end.output for end in self.ends if end.name == stage), None)


def assemble(
    request_id: str,
    cascade: str,
    config: CascadeConfig,
    graph: Graph,
    known: Mapping[str, Known],
    quality: Quality,
    ends: Sequence[StageEnd],
) -> CascadeAnswer:
    """Puts the stages' results together.

    Args:
        request_id: The request's id.
        cascade: Name of the cascade.
        config: Its configuration.
        graph: Its stages, or those that were asked for.
        known: What is known of the cascade and of each model, by name.
        quality: Of the picture.
        ends: How each stage ended, in the graph's order.
    """
    found = {end.name: end.result.output for end in ends if end.result is not None}
    headline = found.get(graph.headline)
    others = {name: output for name, output in found.items() if name != graph.headline}
    lost = {end.kind for end in ends if end.result is None and end.name != graph.headline}
    evidence = weigh(headline, others, quality, frozenset(lost))
    ran: dict[str, Output | None] = {cascade: None}
    ran |= {end.model: end.result.output for end in ends if end.result is not None}
    if isinstance(headline, Classification):
        found[graph.headline] = withhold(config.abstain, headline, evidence)
    told = tuple(_with(end, found.get(end.name)) for end in ends)
    return CascadeAnswer(
        id=request_id,
        status=_status(told, graph.headline),
        headline=graph.headline,
        quality=quality,
        evidence=evidence,
        ends=told,
        provenance=AnswerProvenance(
            server=f"hikari-serve {__version__}",
            cascade=cascade,
            stages={end.name: end.result.provenance for end in ends if end.result is not None},
        ),
        limits=limitations(known, ran),
        notice=f"{NOTICE} {config.notice}".strip(),
    )


def _status(ends: Sequence[StageEnd], headline: str) -> Status:
    """How whole the answer is, judged by the headline, or by the last label without it."""
    if any(end.result is None for end in ends):
        return "partial"
    named = [end for end in ends if isinstance(end.output, Classification)]
    last = next((end.output for end in named if end.name == headline), None)
    if last is None and named:
        last = named[-1].output
    unsure = isinstance(last, Classification) and last.decision != "answered"
    return "abstained" if unsure else "complete"


def _with(end: StageEnd, output: Output | None) -> StageEnd:
    if end.result is None or output is None or output is end.result.output:
        return end
    return replace(end, result=end.result.model_copy(update={"output": output}))
