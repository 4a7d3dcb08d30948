"""From free text to a label: exact, then an alias, then a typing mistake, else `unknown`.

The whole text must be the label. A label that is merely contained is no match, because the words
around it change what is meant: "urticaria pigmentosa" is not urticaria, "psoriasis or eczema" is
not psoriasis.
"""

import re
from dataclasses import dataclass
from typing import Literal

from rapidfuzz.distance import Levenshtein

from hikari_serve.labels.label_set import Label, LabelSet

CUT = 84.0
"""Similarity (0 to 100, by Levenshtein) that every word must reach to be a typing mistake of
a label's word.

In the table of `tests/labels/outputs.yaml` the worst typing mistake reaches 87.5 ("vulgarus") and
the best other disease 80 ("dermatosis" for dermatitis, "photodermatitis" for photodermatoses).
"""

_THINKING = re.compile(r"<think>.*?</think>", re.DOTALL)
_APART = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"^\s*\d+\s*[.)]\s*")
# What the models write around a label, on text that is already in `_plain` form.
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
        score: Similarity of the least similar word, 0 to 100; 100 if exact or an alias.
    """

    label: str | None
    how: Literal["exact", "alias", "fuzzy", "unknown"]
    score: float


def match_label(text: str, labels: LabelSet) -> Match:
    r"""Finds the label that a model's or a person's words name.

    A closed thinking block is dropped; an unclosed one has no answer behind it and is `unknown`.
    Aliases take no typing mistakes: "photodermatitis" is near the alias "photodermatosis".

    Args:
        text: Such as `</think>\n\nThis image shows psoriasis.`
        labels: The set to choose from.
    """
    said = _plain(_NUMBER.sub("", _spoken(text)))
    said = _FRAME.sub("", said, count=1)
    if not said:
        return Match(None, "unknown", 0.0)
    for label in labels.labels:
        if said in {_plain(own) for own in _own_names(label)}:
            return Match(label.id, "exact", 100.0)
    for label in labels.labels:
        if said in {_plain(alias) for alias in label.aliases}:
            return Match(label.id, "alias", 100.0)
    scores = {
        label.id: max(_similarity(said, _plain(name)) for name in _own_names(label))
        for label in labels.labels
    }
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])
    (best, score), (_, second) = ranked[:2]
    if score >= CUT and score > second:
        return Match(best, "fuzzy", round(score, 2))
    return Match(None, "unknown", round(score, 2))


def _spoken(text: str) -> str:
    """What follows the thinking; nothing if the thinking did not end."""
    rest = _THINKING.sub("", text)
    if "<think>" in rest:
        return ""
    return rest.rpartition("</think>")[2]


def _own_names(label: Label) -> tuple[str, str, str]:
    return label.id, label.name, _NUMBER.sub("", label.answer)


def _plain(text: str) -> str:
    return _APART.sub(" ", text.replace("'", "").replace("\u2019", "").casefold()).strip()


def _similarity(said: str, name: str) -> float:
    """That of the least similar word, so that a shared word cannot hide a differing one."""
    words, own = said.split(), name.split()
    if len(words) != len(own):
        return 0.0
    pairs = zip(words, own, strict=True)
    return 100 * min(Levenshtein.normalized_similarity(word, of) for word, of in pairs)
