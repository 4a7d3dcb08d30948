"""What speaks for the headline stage's label and what against, and when that withholds it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hikari_serve.cascade.consistency import Consistency, Mention, consistency, mentions
from hikari_serve.labels.label_set import ID
from hikari_serve.percent import compared, compared_decimals
from hikari_serve.pictures.quality import Quality
from hikari_serve.repository.schema import AbstentionRule
from hikari_serve.stage import Classification, Description, Output, Retrieval


@dataclass(frozen=True, slots=True)
class Evidence:
    """Evidence beside the headline model's own, about the label that it named.

    It is weighed before a rule withholds that label, and stays as it is where one does.
    It is independent only where neither stage was given the other's result (`StageReport.given`).

    Attributes:
        group: Whether its label belongs to the group that another classifying stage named;
            `unknown` unless both named one.
        group_unknown: Whether a stage that names such groups was asked and named none.
        blank: Whether the picture shows one colour and nothing else.
        searched: Whether a retrieving stage has answered, be it with no case at all.
        nearest_distance: One minus the cosine similarity of the nearest case, from 0 to 2, be it
            among the retrieved or not; None without cases.
        typicality: Share of the index's own cases that are at least as far from the nearest other
            one; None without cases, and where the index has a single one.
        cases_agreeing: Share of the retrieved cases that have this label; None without cases,
            where no label was named, or where no case's words are known for any label.
        mentions: For each describing stage, the diseases that its words name.
        lost: The kinds of the other stages that were asked and have no result.
    """

    group: Consistency = "unknown"
    group_unknown: bool = False
    blank: bool = False
    searched: bool = False
    nearest_distance: float | None = None
    typicality: float | None = None
    cases_agreeing: float | None = None
    mentions: Mapping[str, tuple[Mention, ...]] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()

    @property
    def contradicted_in_words(self) -> bool:
        """Whether the words of any stage contradict the label."""
        return any(consistency(found) == "contradicts" for found in self.mentions.values())


def weigh(
    headline: Output | None,
    others: Mapping[str, Output],
    quality: Quality,
    lost: frozenset[str] = frozenset(),
) -> Evidence:
    """Compares the headline stage's output with those of the other stages.

    Args:
        headline: Its output; None where it has none.
        others: The output of each other stage that has one.
        quality: Of the picture.
        lost: The kinds of the other stages that were asked and have none.
    """
    named = headline if isinstance(headline, Classification) else None
    retrieved = [each for each in others.values() if isinstance(each, Retrieval)]
    distances = [each.nearest_distance for each in retrieved if each.nearest_distance is not None]
    labels = [label for each in retrieved for label in each.labels]
    usual = [each.typicality for each in retrieved if each.typicality is not None]
    return Evidence(
        group=_group(named, others.values()),
        group_unknown=_group_unknown(named, others.values()),
        blank=quality.blank,
        searched=bool(retrieved),
        nearest_distance=min(distances, default=None),
        typicality=min(usual, default=None),
        cases_agreeing=_cases_agreeing(named, labels),
        mentions={
            stage: mentions(output, headline)
            for stage, output in others.items()
            if isinstance(output, Description)
        },
        lost=lost,
    )


def _group(named: Classification | None, others: Iterable[Output]) -> Consistency:
    if named is None or named.label is None:
        return "unknown"
    own = named.groups.get(named.label)
    for other in others:
        if isinstance(other, Classification) and other.label is not None and own in other.names:
            return "agrees" if own == other.label else "contradicts"
    return "unknown"


def _group_unknown(named: Classification | None, others: Iterable[Output]) -> bool:
    groups = set(named.groups.values()) if named else set()
    return any(
        isinstance(other, Classification) and other.label is None and groups & set(other.names)
        for other in others
    )


def _cases_agreeing(named: Classification | None, labels: Sequence[str]) -> float | None:
    """The share of cases with the named label.

    An index may hold a source's own words in place of ids: "Bowen's disease" is known by the
    disease model's names and aliases, "SCC i. s." is no evidence. An id of another label set is,
    because it is another disease.
    """
    if named is None or named.label is None:
        return None
    known = {
        word.casefold(): label
        for label, name in named.names.items()
        for word in (label, name, *named.aliases.get(label, ()))
    }
    found = [known.get(label.casefold()) for label in labels]
    if not any(found) and not any(re.fullmatch(ID, label) for label in labels):
        return None
    return round(found.count(named.label) / len(found), 4)


def withhold(rule: AbstentionRule, found: Classification, evidence: Evidence) -> Classification:
    """The headline's answer as it may be told: without its label where the rule says so.

    The scores stay, so that a reader can see what was not sure enough.
    """
    if found.decision != "answered":
        return found
    reasons = []
    if found.probability is not None and found.probability < rule.min_probability:
        share, wanted = compared(found.probability, rule.min_probability)
        reasons.append(f"its probability of {share} is below {wanted}")
    reasons += _about_cases(rule, evidence)
    if rule.on_blank and evidence.blank:
        reasons.append("the picture shows one colour and nothing else")
    if rule.on_unknown_group and evidence.group_unknown:
        reasons.append("the group model named no group")
    if rule.on_group_contradiction and evidence.group == "contradicts":
        reasons.append("it does not belong to the group that the group model named")
    if rule.on_caption_contradiction and evidence.contradicted_in_words:
        reasons.append("the caption names another, denies it, or sees no lesion")
    reasons += [
        f"no stage of kind `{kind}` could say what the rule asks of it"
        for kind in sorted(rule.asks & evidence.lost)
    ]
    if not reasons:
        return found
    changed = {"label": None, "display_name": None, "decision": "abstained"}
    reason = f"{found.display_name} is not named: {'; '.join(reasons)}"
    return found.model_copy(update={**changed, "reason": reason})


def _about_cases(rule: AbstentionRule, evidence: Evidence) -> list[str]:
    """Why the reference cases do not clear the label, if they do not."""
    reasons = []
    distance = evidence.nearest_distance
    if distance is not None and distance > rule.max_distance:
        away, wanted = compared_decimals(distance, rule.max_distance)
        reasons.append(f"the nearest reference case is {away} away, more than {wanted}")
    usual = evidence.typicality
    if usual is not None and usual < rule.min_typicality:
        share, wanted = compared(usual, rule.min_typicality)
        reasons.append(
            f"only {share} of the reference cases are as far from the nearest other one as the "
            f"picture is, less than {wanted}"
        )
    agreeing = evidence.cases_agreeing
    if agreeing is not None and agreeing < rule.min_references_agreeing:
        share, wanted = compared(agreeing, rule.min_references_agreeing)
        reasons.append(f"only {share} of the reference cases have it, less than {wanted}")
    values = {
        "max_distance": distance,
        "min_typicality": usual,
        "min_references_agreeing": agreeing,
    }
    if evidence.searched and any(values[name] is None for name in rule.about_cases):
        reasons.append(
            "no reference case could be compared"
            if distance is None
            else "the reference cases do not say what the rule asks of them"
        )
    return reasons
