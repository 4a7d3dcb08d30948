"""From free text to a label: exact, an alias, a typing mistake, or affirmed in a sentence.

First the whole text is taken for a label. If it is none, it is read: a label counts that the text
affirms, where it affirms no other disease. What is hedged, doubted or compared is `unknown`, and so
is what is not English, and a label beside a sign that denies or doubts it: "psoriasis (-)".
"""

import re
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein

from hikari_serve.labels.label_set import LabelSet, plain, unnumbered
from hikari_serve.reading.absence import sees_no_lesion
from hikari_serve.reading.reader import reader
from hikari_serve.reading.thinking import without_thinking

CUT = 84.0
"""Similarity (0 to 100, by Levenshtein) that every word must reach to be a typing mistake of
a label's word.

In the table of `tests/labels/outputs.yaml` the worst typing mistake reaches 87.5 ("vulgarus") and
the best other disease 80 ("dermatosis" for dermatitis, "photodermatitis" for photodermatoses).
"""

_QUESTION = re.compile(r"[?\uff1f\u00bf\u061f]")
# Signs beside a label that deny or doubt it, or leave a box beside it empty.
_SIGN = re.compile(r"[≠¬±~≈<>−✗✘✖❌☐☒👎]|!=|\+\s*/\s*-|[(\[{]\s*[-–+]?\s*[)\]}]|[-–]\s*$")
# What the models write around a label, on text that is already `plain`.
_FRAME = re.compile(
    r"^((this|the) (image|picture|photo|lesion) (shows|depicts|is)|(the )?(final )?diagnosis( is)?"
    r"|(the )?(group|classification) is|it is|this is)? ?((a|an|the) )?"
)


@dataclass(frozen=True, slots=True)
class Match:
    """What a text was taken for.

    Attributes:
        label: The label's id, or None if it is none of the set.
        how: Which rule decided.
        score: Similarity of the least similar word, 0 to 100; 100 unless it is a typing mistake.
    """

    label: str | None
    how: Literal["exact", "alias", "fuzzy", "sentence", "unknown"]
    score: float


def match_label(text: str, labels: LabelSet) -> Match:
    r"""Finds the label that a model's or a person's words name.

    A closed thinking block is dropped; an unclosed one has no answer behind it and is `unknown`.
    Aliases take no typing mistakes: "photodermatitis" is near the alias "photodermatosis". Nor do
    labels in a sentence. Linear in the text.

    Args:
        text: Such as `</think>\n\nThis image shows psoriasis.`
        labels: The set to choose from.
    """
    spoken = without_thinking(text)
    whole = Match(None, "unknown", 0.0) if _QUESTION.search(spoken) else _whole(spoken, labels)
    if whole.label is not None and _SIGN.search(spoken):
        return Match(None, "unknown", 0.0)
    if whole.label is None and (affirmed := _affirmed(spoken, labels)) is not None:
        return Match(affirmed, "sentence", 100.0)
    return whole


def _whole(spoken: str, labels: LabelSet) -> Match:
    """Takes the whole text for a label."""
    said = plain(unnumbered(spoken))
    said = _FRAME.sub("", said, count=1)
    if not said:
        return Match(None, "unknown", 0.0)
    for label in labels.labels:
        if said in {plain(own) for own in label.own_names}:
            return Match(label.id, "exact", 100.0)
    for label in labels.labels:
        if said in {plain(alias) for alias in label.aliases}:
            return Match(label.id, "alias", 100.0)
    scores = {
        label.id: max(_similarity(said, plain(name)) for name in label.own_names)
        for label in labels.labels
    }
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    (best, score), (_, second) = ranked[:2]
    if score >= CUT and score > second:
        return Match(best, "fuzzy", round(score, 2))
    return Match(None, "unknown", round(score, 2))


def _affirmed(spoken: str, labels: LabelSet) -> str | None:
    """The one label that a text affirms, where it neither denies it nor affirms another disease."""
    words = tuple((label.id, (*label.own_names, *label.aliases)) for label in labels.labels)
    read = reader(words).read(spoken)
    named = {said.disease.label for said in read if said.stance == "affirmed"} - {None}
    if len(named) != 1 or sees_no_lesion(spoken):
        return None
    (label,) = named
    for said in read:
        if said.disease.label == label:
            if said.stance == "denied":
                return None
        elif said.stance in ("affirmed", "favored") and label not in said.disease.overlaps:
            return None
    return label


def _similarity(said: str, name: str) -> float:
    """That of the least similar word, so that a shared word cannot hide a differing one."""
    words, own = said.split(), name.split()
    if len(words) != len(own):
        return 0.0
    pairs = list(zip(words, own, strict=True))
    if any(_is_another(word, of) for word, of in pairs):
        return 0.0
    return 100 * min(Levenshtein.normalized_similarity(word, of) for word, of in pairs)


def _is_another(word: str, of: str) -> bool:
    """Whether a word begins otherwise or goes on: "amelanocytic", "urticarial"."""
    return word[0] != of[0] or (word.startswith(of) and word not in (of, of + "s"))
