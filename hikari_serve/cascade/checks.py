"""What in an answer speaks for its disease and what against, and when that makes it abstain."""

from collections.abc import Mapping

from hikari_serve.cascade.answer_parts import CaptionAnswer, DiseaseAnswer
from hikari_serve.cascade.consistency import Consistency
from hikari_serve.repository.schema import AbstentionRule
from hikari_serve.stage import Classification, Frozen, Output, Retrieval


class Checks(Frozen):
    """Evidence beside the disease model's own; the caption's is its `consistency`.

    Attributes:
        group_disease: Whether the disease belongs to the group that the group model named;
            `unknown` unless both named one.
        nearest_distance: One minus the cosine similarity of the nearest reference case, from 0
            to 2; null without references.
        references_agreeing: Share of the retrieved cases that have this disease; null without
            references, or where no disease was named.
    """

    group_disease: Consistency
    nearest_distance: float | None
    references_agreeing: float | None


def check(found: Mapping[str, Output]) -> Checks:
    """Compares the stages' outputs.

    Args:
        found: The output of each task that has one.
    """
    group, disease, retrieval = found.get("group"), found.get("disease"), found.get("references")
    label = disease.label if isinstance(disease, Classification) else None
    fits: Consistency = "unknown"
    if isinstance(group, Classification) and isinstance(disease, Classification):
        own = disease.groups.get(label) if label else None
        if own is not None and group.label is not None:
            fits = "agrees" if own == group.label else "contradicts"
    cases = retrieval.cases if isinstance(retrieval, Retrieval) else ()
    labels = retrieval.labels if isinstance(retrieval, Retrieval) else ()
    agreeing = labels.count(label) / len(labels) if labels and label else None
    nearest = max((case.similarity for case in cases), default=None)  # words may rank them too
    return Checks(
        group_disease=fits,
        nearest_distance=round(1 - nearest, 6) if nearest is not None else None,
        references_agreeing=round(agreeing, 4) if agreeing is not None else None,
    )


def withhold(
    rule: AbstentionRule, disease: DiseaseAnswer, caption: CaptionAnswer | None, checks: Checks
) -> DiseaseAnswer:
    """The disease as it may be told: without its label where the rule says so.

    The differential stays, so that a reader can see what was not sure enough.
    """
    if disease.decision != "answered":
        return disease
    distance = checks.nearest_distance
    reasons = []
    if disease.probability < rule.min_probability:
        wanted = f"{rule.min_probability:.0%}"
        reasons.append(f"its probability of {disease.probability:.0%} is below {wanted}")
    if distance is not None and distance > rule.max_distance:
        reasons.append(
            f"the nearest reference case is {distance:.2f} away, more than {rule.max_distance:g}"
        )
    agreeing = checks.references_agreeing
    if agreeing is not None and agreeing < rule.min_references_agreeing:
        wanted = f"{rule.min_references_agreeing:.0%}"
        reasons.append(f"only {agreeing:.0%} of the reference cases have it, less than {wanted}")
    if rule.on_group_contradiction and checks.group_disease == "contradicts":
        reasons.append("it does not belong to the group that the group model named")
    if rule.on_caption_contradiction and caption and caption.consistency == "contradicts":
        reasons.append("the caption names another")
    if not reasons:
        return disease
    changed = {"label": None, "display_name": None, "decision": "abstained"}
    reason = f"{disease.display_name} is not named: {'; '.join(reasons)}"
    return disease.model_copy(update={**changed, "reason": reason})
