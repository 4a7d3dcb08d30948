"""What a text says of a disease that it names: that it is there, that it is not, or neither.

After NegEx (Chapman et al., "A simple algorithm for identifying negated findings and diseases in
discharge summaries", 2001): cues before and after the name decide, within the clause. Two rules
are stricter, because a caption must not count as evidence that it is not: the nearest cue wins, and
a denial that is far off, or of something beside the disease, is neither.
"""

import re
from typing import Literal, cast

Stance = Literal["affirmed", "denied", "open"]
"""`open`: the text names the disease and leaves open whether it is there."""

FAR = 6
"""Words between a denial and a name at which the denial may mean something else."""

_CLAUSE = re.compile(
    r"(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)[.!?](?=\s|$)|[;\n]"
    r"|\b(?:but|however|although|though|whereas|while)\b",
    re.IGNORECASE,
)
_OR_BEFORE = re.compile(r"\b(?:or|and/or)\s+(?:an?\s+|the\s+)?$", re.IGNORECASE)
_OR_AFTER = re.compile(r"\s*,?\s*(?:or|and/or|versus|vs\.?)\b", re.IGNORECASE)
_ELSEWHERE = re.compile(r",|\b(?:in|on|within|and)\b", re.IGNORECASE)
"""Between a denial and a name: what is denied is something else, such as the scale on it."""

# In each table the kinds are tried in this order where several match at the same place.
_CUES_BEFORE: dict[Stance, tuple[str, ...]] = {
    "open": (
        r"(?:to|cannot|can['’]t|can not|could not|not|should|must|helps?) (?:\w+ly )?"
        r"(?:rule out|exclude)",
        r"rule out|exclude|less likely|should be considered|history of|risk of|non-",
        r"differential(?: diagnos[ei]s)?|versus|vs\.?|resembl\w+|mimic\w*|similar to",
        r"(?:distinguish|differentiat)\w* (?:\w+ )?from",
    ),
    "affirmed": (
        r"no doubt|not only|consistent|compatible|in keeping|suggest\w*|indicat\w*|support\w*",
        r"typical of|characteristic of|favou?r\w*|diagnos[ei]\w*|shows?|impression",
    ),
    "denied": (
        r"(?:not|\w+n['’]t|no(?: evidence| signs?| features?)?|nothing) (?:\w+ly )?"
        r"(?:consistent|compatible|in keeping|suggest\w*|indicat\w*|support\w*|typical"
        r"|characteristic|favou?r\w*)",
        r"no|not|\w+n['’]t|nor|neither|never|without|unlike|unlikely|inconsistent",
        r"rather than|instead of|as opposed to|other than|absence|negative|free|lack\w*",
        r"exclud(?:es|ed|ing)|rul(?:es|ed|ing) out|(?:argu\w+|speak\w*|evidence) against",
    ),
}
_CUES_AFTER: dict[Stance, tuple[str, ...]] = {
    "open": (
        r"(?:cannot|can['’]t|(?:can|could) not|should|must|needs? to|ha(?:s|ve) to|to|may|might)"
        r" (?:also |yet )?(?:be )?(?:\w+ly )?(?:excluded|ruled out|considered)",
        r"less likely|-?like|(?:is|are) (?:an? )?(?:differential|alternative)",
    ),
    "affirmed": (
        r"(?:is|are|seems|appears) (?:the |a )?(?:most )?(?:likely|probable|favou?red|diagnosis)",
    ),
    "denied": (
        r"(?:(?:is|are|was|were|be|been) )?(?:\w+ly )?(?:excluded|ruled out|unlikely|absent)",
        r"(?:is|are|was|were)(?: not|n['’]t)",
    ),
}


def _compiled(kinds: dict[Stance, tuple[str, ...]]) -> re.Pattern[str]:
    choices = "|".join(rf"(?P<{kind}>{'|'.join(cues)})" for kind, cues in kinds.items())
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)", re.IGNORECASE)


_BEFORE, _AFTER = _compiled(_CUES_BEFORE), _compiled(_CUES_AFTER)


def stance(before: str, after: str) -> Stance:
    """Judges a mention by the text around it.

    Args:
        before: The text up to the name.
        after: The text behind it.
    """
    if _OR_AFTER.match(after):
        return "open"
    after = _CLAUSE.split(after, maxsplit=1)[0]
    if (cue := _AFTER.search(after)) and len(after[: cue.start()].split()) <= 2:
        return _kind(cue)
    before = _CLAUSE.split(before)[-1]
    cues = list(_BEFORE.finditer(before))
    if not cues:
        return "open" if _OR_BEFORE.search(before) else "affirmed"
    kind, between = _kind(cues[-1]), before[cues[-1].end() :]
    if kind == "denied" and (_ELSEWHERE.search(between) or len(between.split()) >= FAR):
        return "open"
    return kind


def _kind(cue: re.Match[str]) -> Stance:
    return cast(Stance, cue.lastgroup)
