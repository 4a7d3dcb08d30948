"""What speaks for the disease and what against, in sentences."""

from collections.abc import Mapping

from hikari_serve.percent import decimal, percent
from hikari_serve.presentation.answer import CAPTION, DISEASE, GROUP, REFERENCES, Answer
from hikari_serve.report.lines import LIKELY, Line, Tone, sentence

UNUSUAL = 0.05
"""Fewer cases than this that are so far from the others, and the picture is none like them."""

ALIKE = 0.002
"""A case nearer than this may be the picture itself, saved anew. No two cases of the demo are so
near; most are to themselves as JPEG or smaller, not all: a larger distance proves nothing."""

ALMOST_THE_SAME = (
    "It shows almost the same: perhaps the same lesion, whose label is no independent evidence."
)

_GROUP = {
    "agrees": "{it} belongs to the group that was named",
    "known": "{it}, named knowing the group, belongs to it",
    "contradicts": "{it} does not belong to the group that was named",
    "unknown": "group and disease cannot be compared",
}
_CAPTION = {
    "agrees": "the caption agrees with {it}",
    "known": "the caption, written knowing {it}, agrees with it",
    "contradicts": "the caption contradicts {it}",
    "both": "a part of the caption agrees with {it}, and a part contradicts it",
    "open": "the caption leaves {it} open",
    "unknown": "the caption cannot be compared with {it}",
}


def checks_of(answer: Answer) -> list[Line]:
    """What speaks for the disease and what against, as far as it was asked for."""
    disease, found, it = answer.disease, answer.checks, the_disease(answer)
    if disease is None:
        return []
    lines = []
    if answer.group is not None:
        known = _given(answer, DISEASE, GROUP)
        lines.append(_compared("group", _GROUP, it, found.group_disease, known=known))
    if answer.caption is not None:
        known = _given(answer, CAPTION, DISEASE)
        lines.append(_compared("caption", _CAPTION, it, _captioned(answer), known=known))
    if (share := found.references_agreeing) is not None:
        this = the_disease(answer, named="this disease")
        lines.append(_agreeing(share, len(answer.references), _shown(answer), this))
    if (distance := found.nearest_distance) is not None:
        lines.append(_distance(distance))
    if (usual := found.typicality) is not None:
        text = f"{percent(usual)} of the cases are as far from the nearest other one."
        lines.append(Line("typicality", text, "plain" if usual >= UNUSUAL else "unsure"))
    if (mass := disease.label_mass) is not None:
        inside = f"{percent(mass)} of the model's belief lies inside its label set."
        lines.append(Line("belief", inside, "unsure" if disease.decision == "unknown" else "plain"))
    return lines


def the_disease(answer: Answer, named: str = "the disease") -> str:
    """What the evidence is about, in words: it may be why a rule withheld what the model named."""
    withheld = answer.disease is not None and answer.disease.decision == "abstained"
    return "the withheld disease" if withheld else named


def contradicted(answer: Answer) -> bool:
    """Whether any of the checks speaks against a disease that is named.

    A case that is alike does not.
    """
    named = answer.disease is not None and answer.disease.decision == "answered"
    return named and any(
        line.tone == "unsure" and line.name != "distance" for line in checks_of(answer)
    )


def _given(answer: Answer, stage: str, other: str) -> bool:
    """Whether a stage was given another's result."""
    return any(each.name == stage and other in each.given for each in answer.stages)


def _captioned(answer: Answer) -> str:
    """How the caption fits the disease, with what `unknown` has in one told apart.

    Where the model named no disease, no words are compared with one.
    """
    assert answer.caption is not None
    assert answer.disease is not None
    fits = answer.caption.consistency
    if fits != "unknown" or not answer.caption.mentions or answer.disease.decision == "unknown":
        return fits
    bearings = {mention.consistency for mention in answer.caption.mentions}
    return "both" if bearings >= {"agrees", "contradicts"} else "open"


def _compared(name: str, said: Mapping[str, str], it: str, fits: str, *, known: bool) -> Line:
    """What was told of the other may agree with it for that alone, and is told in a soft tone."""
    which = "known" if known and fits == "agrees" else fits
    return Line(name, sentence(said[which].format(it=it)), _tone(which))


def _shown(answer: Answer) -> int:
    """How many of the reference cases the disease model was shown."""
    for each in answer.stages:
        if each.name == DISEASE and REFERENCES in each.given:
            return len(answer.references) if each.cases_shown is None else each.cases_shown
    return 0


def _agreeing(share: float, count: int, shown: int, it: str) -> Line:
    """Cases that the model was not shown, for want of room, it cannot have followed."""
    part = (
        "which its model was shown" if shown == count else f"of which its model was shown {shown}"
    )
    which = f", {part}," if shown else ""
    text = f"{percent(share)} of the {count} reference cases{which} have {it}."
    agrees: Tone = "soft" if shown else "plain"
    return Line("references", text, agrees if share > LIKELY else "unsure")


def _distance(distance: float) -> Line:
    away = f"The nearest reference case is {decimal(distance, 3)} away; 0 is the same picture."
    if distance >= ALIKE:
        return Line("distance", away, "plain")
    return Line("distance", f"{away} {ALMOST_THE_SAME}", "unsure")


def _tone(fits: str) -> Tone:
    tones: dict[str, Tone] = {"agrees": "plain", "contradicts": "unsure", "both": "unsure"}
    return tones.get(fits, "soft")
