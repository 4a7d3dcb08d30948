"""The words by which free text names diseases, and where they stand in it.

The lexicon of a classifier is its own labels by name and alias, the diseases of the shipped sets,
and others that a caption may mean instead: a caption that says "melanoma" must not pass as saying
nothing. An id means one disease in every set, so the shipped sets' aliases of a label are its own.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hikari_serve.labels.label_set import SHIPPED, LabelSet

OTHERS = (
    "acne inversa", "acne keloidalis", "acne rosacea", "actinic keratosis", "cellulitis",
    "contact dermatitis", "dermatofibroma", "drug eruption", "folliculitis", "granuloma annulare",
    "herpes simplex", "herpes zoster", "impetigo", "keloid", "melanoma", "molluscum contagiosum",
    "mycosis fungoides", "pityriasis rosea", "psoriatic arthritis", "rosacea", "scabies",
    "seborrheic keratosis", "tinea corporis", "urticaria pigmentosa", "vitiligo",
)  # fmt: skip
"""Diseases of none of the shipped sets. Some contain a label's own word: urticaria pigmentosa is
not urticaria."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Named:
    """A disease that a text names.

    Attributes:
        start: Index of its first character, in Unicode code points.
        end: Index after its last.
        label: The label's id; None for a disease outside the label set.
    """

    start: int
    end: int
    label: str | None


class Lexicon:
    """Finds the diseases that a text names."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        """Args:
        words: For each label id, the words that mean it.
        """
        phrases: dict[str, str | None] = {
            word.casefold(): label for label, group in words.items() for word in group
        }
        for word, label in _known_words():
            phrases.setdefault(word.casefold(), label if label in words else None)
        longest_first = sorted(phrases, key=len, reverse=True)
        self._labels = [phrases[phrase] for phrase in longest_first]
        choices = "|".join(f"({_pattern(phrase)})" for phrase in longest_first)
        self._pattern = re.compile(rf"\b(?:{choices})\b", re.IGNORECASE)

    def find(self, text: str) -> Iterator[Named]:
        """Every mention in `text`, in order; of overlapping names the longest counts."""
        for match in self._pattern.finditer(text):
            assert match.lastindex is not None
            yield Named(match.start(), match.end(), self._labels[match.lastindex - 1])


@lru_cache(maxsize=1)
def _known_words() -> tuple[tuple[str, str | None], ...]:
    """The words for diseases that do not come from the classifier, each with its label's id."""
    shipped = [
        (word, label.id)
        for name in SHIPPED
        for label in LabelSet.shipped(name).labels
        if label.group  # a disease: groups have none
        for word in (label.name, *label.aliases)
    ]
    return (*shipped, *((word, None) for word in OTHERS))


def _pattern(phrase: str) -> str:
    """Matches the phrase with any spacing, with hyphens, and each of its words in the plural."""
    words = _WORD.findall(phrase.replace("'", "").replace("’", ""))
    return r"[\s-]+".join(_inflected(word) for word in words)


def _inflected(word: str) -> str:
    if word.endswith("is"):
        return re.escape(word[:-2]) + "(?:is|es)"
    if word.endswith("us"):
        return re.escape(word[:-2]) + "(?:us|i)"
    if word.endswith("s"):
        return re.escape(word[:-1]) + "['’]?s"
    return re.escape(word) + "s?"
