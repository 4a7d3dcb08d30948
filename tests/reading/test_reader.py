"""What sentences say of psoriasis, and of what else they name."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hikari_serve.labels.label_set import LabelSet
from hikari_serve.reading.absence import sees_no_lesion
from hikari_serve.reading.reader import Reader

READER = Reader(
    {label.id: (label.name, *label.aliases) for label in LabelSet.shipped("card").labels}
)


def stances(text: str) -> list[tuple[str, str]]:
    return [(text[said.start : said.end], said.stance) for said in READER.read(text)]


AFFIRMED = """
This is psoriasis.
The patient has psoriasis on both elbows.
Diagnosis: **psoriasis vulgaris**.
{"disease": "psoriasis"}
{"disease": ["psoriasis"], "ruled_out": ["eczema"]}
Psoriasis [biopsy-proven]
Psoriasis: ✓
pre-existing psoriasis
Psoriasis status post treatment
It is clear from the scale that this is psoriasis.
Findings are most consistent with psoriasis.
Biopsy confirmed psoriasis.
Suspected psoriasis was confirmed.
I am certain this is psoriasis.
There is little doubt that this is psoriasis.
There's no reason to doubt psoriasis.
Almost certainly psoriasis
Known case of psoriasis.
Not only psoriasis.
No, it's psoriasis.
Is this psoriasis? Yes.
No eczema but psoriasis.
Without any scale, the findings are consistent with psoriasis.
The absence of pustules favours psoriasis.
The lesion may itch but is psoriasis.
Scaly plaques which may bleed, consistent with psoriasis.
The image depicts a case of psoriasis characterized by plaques.
Psoriasis treated with steroids.
Psoriasis, the most likely diagnosis.
Psoriasis has no pustules.
psoriasis with secondary infection
psoriasis (biopsy-proven)
Psoriasis was suspected and later confirmed.
Guttate psoriasis
"""

DENIED = """
No psoriasis.
psoriasis not seen
Psoriasis was considered but rejected.
The patient denies psoriasis
Psoriasis: no
Psoriasis - absent
Psoriasis (ruled out)
Psoriasis? No.
Psoriasis cannot be seen.
This can't be psoriasis.
This isn’t psoriasis
It isnt psoriasis
Psoriasis of the scalp is ruled out
Psoriasis has been excluded by biopsy.
Psoriasis was thought unlikely.
psoriasis seems unlikely
Suspected psoriasis was ruled out.
The possibility of psoriasis was raised and later dismissed.
Psoriasis was considered. It was ruled out.
Nothing in this picture points to psoriasis.
No finding suggests psoriasis
None of the lesions is psoriasis.
There is little to suggest psoriasis.
The findings argue against psoriasis.
Negative for psoriasis.
Anything but psoriasis.
Far from being psoriasis
This looks nothing like psoriasis.
Not typical of psoriasis.
no suspicion of psoriasis
There is no reason to suspect psoriasis.
I do not think that the lesion shown here is psoriasis
Psoriasis does not fit the picture.
Criteria for psoriasis are not met.
A diagnosis of psoriasis cannot be made.
signs of psoriasis are missing
no longer psoriasis
No scale, no psoriasis.
psoriasis-free
Psoriasis [excluded]
Psoriasis {unlikely}
Psoriasis -> ruled out
Psoriasis unlikely: no scale.
Devoid of psoriasis.
Ruled out: psoriasis.
definitely not psoriasis
There is no evidence of\\npsoriasis.
"""

OPEN = """
possible psoriasis
? psoriasis
Scaly plaque ?psoriasis
psoriasis (?)
psoriasis?
Is this psoriasis?
It is psoriasis, isn't it?
Probably psoriasis.
Psoriasis, probably.
Suspected psoriasis.
Psoriasis is a possibility.
Psoriasis, I guess.
Psoriasis. I am not sure.
I cannot be sure it is psoriasis.
I think this is psoriasis.
It is unclear whether this is psoriasis.
psoriasis or an infection
An infection or psoriasis
Psoriasis cannot be excluded.
I cannot rule out psoriasis.
Psoriasis has not been ruled out.
psoriasis must be excluded
R/O psoriasis.
To confirm psoriasis, a biopsy is needed.
Biopsy failed to confirm psoriasis.
Not inconsistent with psoriasis.
not necessarily psoriasis
psoriasis, pending biopsy
psoriasis (80%)
psoriasis [80%]
psoriasis [-]
Psoriasis: ✗
psoriasis (✘)
~~Psoriasis~~
pseudo-psoriasis
psoriasis with severe atypia
Psoriasis: low probability
Psoriasis: N/A
Psoriasis: to be excluded.
Psoriasis is less consistent.
Psoriasis is a poor fit.
Insufficient for psoriasis.
psoriasis until proven otherwise
Working diagnosis: psoriasis
Differential diagnosis:\\n- psoriasis\\n- insect bites
Resembles psoriasis.
Psoriasis-like plaques.
Similar to psoriasis.
More likely than psoriasis.
This should not be confused with psoriasis.
If this is psoriasis, steroids help.
History of psoriasis.
Her mother has psoriasis.
Treated for psoriasis last year.
psoriasis in remission
Psoriasis is a chronic inflammatory skin disease.
In psoriasis, plaques are silvery.
There is no scale on this psoriasis.
possible\\npsoriasis
Kein Hinweis auf Psoriasis
Der Ausschlag ist rot. Psoriasis.
No es psoriasis
Psoriasis değil
psoriasis 없음
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (line.replace("\\n", "\n"), expected)
        for expected, lines in (("affirmed", AFFIRMED), ("denied", DENIED), ("open", OPEN))
        for line in lines.strip().splitlines()
    ],
)
def test_what_is_said_of_psoriasis(text: str, expected: str) -> None:
    said = [stance for name, stance in stances(text) if "psoriasis" in name.casefold()]
    assert ["open" if stance == "favored" else stance for stance in said] == [expected]


PAIRS = {
    "Psoriasis rather than lichen planus.": ["affirmed", "denied"],
    "Psoriasis, not eczema.": ["affirmed", "denied"],
    "Not psoriasis, eczema.": ["denied", "open"],
    "This is not psoriasis but eczema.": ["denied", "affirmed"],
    "psoriasis is not eczema": ["affirmed", "denied"],
    "Neither psoriasis nor eczema": ["denied", "denied"],
    "No psoriasis, eczema or melanoma": ["denied", "denied", "denied"],
    "Psoriasis or eczema.": ["open", "open"],
    "psoriasis/eczema": ["open", "open"],
    "Features overlap between psoriasis and eczema.": ["open", "open"],
    "Psoriasis and eczema.": ["affirmed", "affirmed"],
    "Biopsy to distinguish psoriasis from eczema.": ["open", "open"],
    "eczema is more likely than psoriasis": ["favored", "open"],
    "psoriasis is favoured over eczema": ["favored", "open"],
    "Psoriasis is unlikely and eczema is present.": ["denied", "affirmed"],
    "Psoriasis excluded, eczema confirmed.": ["denied", "affirmed"],
    "Psoriasis yes, eczema no.": ["affirmed", "denied"],
    "The scale speaks against eczema and for psoriasis.": ["denied", "open"],
    "Although eczema was suspected, biopsy showed psoriasis.": ["denied", "affirmed"],
    "Initially thought to be eczema, it proved to be psoriasis.": ["open", "affirmed"],
    "DDx: psoriasis; eczema": ["open", "open"],
    "1. Psoriasis 2. Eczema": ["affirmed", "affirmed"],
    "Eczema, psoriasis and lichen planus are all possible.": ["open", "open", "open"],
}


@pytest.mark.parametrize(("text", "expected"), PAIRS.items())
def test_what_is_said_of_several(text: str, expected: list[str]) -> None:
    assert [stance for _, stance in stances(text)] == expected


def test_names_stand_where_they_are_written() -> None:
    assert stances("🔬 No Psoriasis-vulgaris; BOWEN’S  disease, tinea\nversicolor.") == [
        ("Psoriasis-vulgaris", "denied"),
        ("BOWEN’S  disease", "affirmed"),
        ("tinea\nversicolor", "affirmed"),
    ]


PIECES = [
    "psoriasis",
    "eczema",
    "not",
    "no",
    "never",
    "ruled",
    "out",
    "is",
    "was",
    "but",
    ",",
    ".",
    "?",
    "!",
    ";",
    ":",
    "(",
    ")",
    "-",
    "\n",
    "\n\n",
    "%",
    "30",
    "'",
    "’",
    "́",
    "\x00",
    "<think>",
    "</think>",
    "likely",
    "possible",
    "or",
    "and",
    "than",
    "if",
    "thought",
    "to",
    "be",
    "AD",
    "melanocytic",
    "nevi",
    "urticaria",
    "gigantica",
    "ß",
    "İ",
    "🔬",
]


@pytest.mark.parametrize("text", ["", " \n", "?", "A red plaque.", "\0", "psoria sis", "🔬" * 9])
def test_a_text_without_a_name_says_nothing(text: str) -> None:
    assert READER.read(text) == ()


@settings(max_examples=400, derandomize=True, deadline=None, database=None)
@example("\u0301 psoriasis")
@given(
    st.text()
    | st.lists(st.sampled_from(PIECES)).map(" ".join)
    | st.lists(st.sampled_from(PIECES)).map("".join)
)
def test_any_text_is_read_and_names_stand_in_it(text: str) -> None:
    at = 0
    for said in READER.read(text):
        assert at <= said.start < said.end <= len(text)
        assert text[said.start].isalnum()
        assert text[said.end - 1].isalnum()
        at = said.end
    sees_no_lesion(text)


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python a call runs: it does not depend on the machine."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "piece",
    [
        "psoriasis ",
        "no a psoriasis ",
        "not ",
        "no x, ",
        "psoriasis or ",
        "possible psoriasis was thought to be ",
        "psoriasis very ",
        "psoriasis - ",
        "psoriasis? ",
        "It is psoriasis. ",
        "squamous cell carcinoma in ",
        "if whether unless ",
        "no evidence of ",
        "\n",
        "'",
        "<think>",
    ],
)
def test_the_work_grows_as_the_text(piece: str) -> None:
    READER.read(piece)
    once = lines_run(lambda: READER.read(piece * 60))
    assert lines_run(lambda: READER.read(piece * 240)) < 4.4 * once + 1000
