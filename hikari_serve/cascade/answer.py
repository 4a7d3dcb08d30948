"""What a cascade found: how each stage ended, how sure the headline is, and what produced it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hikari_serve import __version__
from hikari_serve.cascade.evidence import Evidence, weigh, withhold
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.limitations import Limitation, limitations
from hikari_serve.cascade.report import AnswerProvenance, StageEnd, Status
from hikari_serve.pictures.quality import Quality
from hikari_serve.repository.schema import AbstentionRule, CascadeConfig, Known
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
    digest: str,
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
        digest: Of what its configuration says.
        config: Its configuration.
        graph: Its stages, or those that were asked for.
        known: What is known of the cascade and of each model, by name.
        quality: Of the picture.
        ends: How each stage ended, in the graph's order.
    """
    evidence = _weighed(graph.headline, quality, ends)
    told = tuple(
        _judged(end, config.abstain, evidence) if end.name == graph.headline else end
        for end in ends
    )
    ran: dict[str, Output | None] = {cascade: None}
    ran |= {end.model: end.result.output for end in ends if end.result is not None}
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
            config=digest,
            stages={end.name: end.result.provenance for end in ends if end.result is not None},
        ),
        limits=limitations(known, ran),
        notice=f"{NOTICE} {config.notice}".strip(),
    )


def told_early(
    end: StageEnd, config: CascadeConfig, graph: Graph, quality: Quality, ends: Sequence[StageEnd]
) -> StageEnd:
    """A stage's end as it may be told before the others have ended.

    The rule withholds the headline's label for what the others have found so far; where it has
    still to hear of one, the end is provisional.

    Args:
        end: The stage's.
        config: The cascade's configuration.
        graph: Its stages, or those that were asked for.
        quality: Of the picture.
        ends: How the others ended that have.
    """
    if end.name != graph.headline:
        return end
    told = _judged(end, config.abstain, _weighed(end.name, quality, [*ends, end]))
    ended = {each.name for each in ends}
    open_kinds = {n.kind for n in graph.nodes if n.name != end.name and n.name not in ended}
    named = isinstance(told.output, Classification) and told.output.decision == "answered"
    return replace(told, provisional=named and not open_kinds.isdisjoint(config.abstain.asks))


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


def _weighed(headline: str, quality: Quality, ends: Sequence[StageEnd]) -> Evidence:
    found = {end.name: end.result.output for end in ends if end.result is not None}
    others = {name: output for name, output in found.items() if name != headline}
    lost = {end.kind for end in ends if end.result is None and end.name != headline}
    return weigh(found.get(headline), others, quality, frozenset(lost))


def _judged(end: StageEnd, rule: AbstentionRule, evidence: Evidence) -> StageEnd:
    """The headline's end, without its label where the rule withholds it."""
    if end.result is None or not isinstance(end.result.output, Classification):
        return end
    output = withhold(rule, end.result.output, evidence)
    return replace(end, result=end.result.model_copy(update={"output": output}))
