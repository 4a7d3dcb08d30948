"""What a text says of a disease that it names, and how cues change it."""

from typing import Literal

from hikari_serve.reading.cues import After, Before

Stance = Literal["affirmed", "favored", "open", "denied"]
"""`favored`: said to be the likelier, not to be there. `open`: whether it is there is left open."""

Leaning = Literal["proven", "affirmed", "favored", "hedged", "doubted", "denied"]
"""A stance before all cues are heard. `proven` outweighs a hedge, and a denial leaves it hedged;
of `hedged` a verdict behind the name decides ("suspected psoriasis was ruled out"), of `doubted`
nothing does ("whether psoriasis was ruled out")."""

_BEFORE: dict[Before, dict[Leaning, Leaning]] = {
    "negation": {
        "proven": "hedged",
        "affirmed": "denied",
        "favored": "denied",
        "hedged": "denied",
        "denied": "hedged",
    },
    "denial": {
        "proven": "denied",
        "affirmed": "denied",
        "favored": "denied",
        "hedged": "denied",
        "denied": "hedged",
    },
    "flat denial": dict.fromkeys(("proven", "affirmed", "favored", "hedged"), "denied"),
    "hedge": dict.fromkeys(("proven", "affirmed", "favored", "denied"), "hedged"),
    "opinion": dict.fromkeys(("proven", "affirmed", "favored", "denied"), "hedged"),
    "adjacent": dict.fromkeys(("proven", "affirmed", "favored", "denied"), "hedged"),
    "doubt": dict.fromkeys(("proven", "affirmed", "favored", "hedged", "denied"), "doubted"),
    "family": dict.fromkeys(("proven", "affirmed", "favored", "hedged", "denied"), "doubted"),
    "favor": {"proven": "favored", "affirmed": "favored", "denied": "hedged"},
    "proof": {"affirmed": "proven"},
    "support": {},
    "certainty": {},
}

_AFTER: dict[After, tuple[Leaning, Leaning]] = {
    "denial": ("denied", "hedged"),
    "proof": ("proven", "hedged"),
    "presence": ("affirmed", "denied"),
    "likelihood": ("favored", "denied"),
    "possibility": ("hedged", "denied"),
    "question": ("hedged", "hedged"),
    "dispute": ("hedged", "proven"),
    "state": ("affirmed", "affirmed"),
    "general": ("hedged", "hedged"),
}
"""What each kind behind a name says: as it stands, and under "not"."""


def under(cue: Before, said: Leaning) -> Leaning:
    """What a cue to the left makes of what stands to its right."""
    return _BEFORE[cue].get(said, said)


def said_after(cue: After, *, negated: bool) -> Leaning:
    """What a predicate says of its subject."""
    return _AFTER[cue][negated]


def together(before: Leaning, after: Leaning | None) -> Leaning:
    """Joins what stands before a name with the verdict behind it."""
    if after is None or before == "doubted":
        return before
    if before == "denied":
        return "hedged" if after == "denied" else "denied"
    if before in ("hedged", "favored"):
        if after in ("denied", "proven"):
            return after
        return before if after == "affirmed" else "hedged"
    return after


def settled(said: Leaning) -> Stance:
    """The stance once every cue is heard."""
    if said in ("proven", "affirmed"):
        return "affirmed"
    return said if said in ("favored", "denied") else "open"
