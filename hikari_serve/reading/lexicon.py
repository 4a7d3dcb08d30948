"""The words by which texts name diseases, and where they stand.

The words of a label set come from the caller. Those of other diseases are data, because a text that
says "melanoma" must not pass as saying nothing. An id means one disease in every label set, so what
the data knows by a label's id counts as that label.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, product

from pydantic import BaseModel, ConfigDict, Field

from hikari_serve.reading.sentences import Word, folded
from hikari_serve.reading.words import DATA
from hikari_serve.yaml_file import read_model

_TABLE = DATA / "diseases.yaml"
_PART = re.compile(r"[^\W_]+|[&,]")
_FOREIGN_TAIL = re.compile(
    r"(?!status\b|stigmata\b)\w{2,}(?:osa|osum|osus|ica|icum|icus|ata|atum|atus|aris|alis|formis)"
)
"""A Latin word behind a name makes it another disease: urticaria pigmentosa is not urticaria.
"Psoriasis status post treatment" is English."""


_INFLECTED = 6
"""Words of the longest name whose words are looked for in the plural, each by itself."""


class _Overlap(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    names: tuple[str, ...]
    by: tuple[str, ...]


class _Diseases(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: Mapping[str, tuple[str, ...]]
    abbreviations: Mapping[str, tuple[str, ...]]
    other_abbreviations: tuple[str, ...] = Field(alias="other abbreviations")
    overlapping: tuple[_Overlap, ...]
    others: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Disease:
    """What a name means.

    Attributes:
        label: The label's id; None for a disease outside the label set.
        overlaps: Ids of labels that the name is broader or narrower than.
    """

    label: str | None
    overlaps: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Name:
    """A disease that a row of words names.

    Attributes:
        first: Index of its first word.
        end: Index after its last.
        disease: What it means.
    """

    first: int
    end: int
    disease: Disease


@dataclass(slots=True)
class _Node:
    """A place in the trie of names: what has been named so far, and how it may go on."""

    disease: Disease | None = None
    nexts: dict[str, "_Node"] = field(default_factory=dict)


class Lexicon:
    """Finds the diseases that a row of words names; linear in the words."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        """Args:
        words: For each label id, the words that mean it.
        """
        self._root = _Node()
        for label, group in words.items():
            for word in group:
                self._add(word, Disease(label))
        for word, disease in _known(frozenset(words)):
            self._add(word, disease)
        self._short = _abbreviations(frozenset(words))

    def find(self, words: Sequence[Word]) -> Iterator[Name]:
        """Every name, in order; of overlapping names the longest counts."""
        index = 0
        while index < len(words):
            name = self._at(words, index)
            if name is not None:
                yield name
            index = name.end if name is not None else index + 1

    def _at(self, words: Sequence[Word], first: int) -> Name | None:
        node, found, index = self._root, None, first
        while index < len(words):
            if words[index].text == "-" and index > first:
                index += 1
                continue
            following = node.nexts.get(_one_spelling(words[index].text))
            if following is None:
                break
            node, index = following, index + 1
            if node.disease is not None:
                found = Name(first, index, node.disease)
        if found is None and words[first].capital and words[first].text in self._short:
            return Name(first, first + 1, self._short[words[first].text])
        if found and found.end < len(words) and _FOREIGN_TAIL.fullmatch(words[found.end].text):
            return Name(first, found.end + 1, Disease(None))
        return found

    def _add(self, phrase: str, disease: Disease) -> None:
        parts = [_one_spelling(part) for part in _PART.findall(folded(phrase))]
        self._add_parts(parts, disease)
        if "," in parts:
            self._add_parts([part for part in parts if part != ","], disease)

    def _add_parts(self, parts: Sequence[str], disease: Disease) -> None:
        inflected = [_inflected(part) if len(parts) <= _INFLECTED else (part,) for part in parts]
        for forms in product(*inflected):
            node = self._root
            for form in forms:
                node = node.nexts.setdefault(form, _Node())
            node.disease = node.disease or disease


def known_labels() -> Mapping[str, tuple[str, ...]]:
    """The words that mean exactly a label of the shipped sets, by the label's id."""
    return _diseases().labels


def _known(ids: frozenset[str]) -> Iterator[tuple[str, Disease]]:
    """The names in the data, each with what it means for a label set of these ids."""
    data = _diseases()
    for label, names in data.labels.items():
        for name in names:
            yield name, Disease(label if label in ids else None)
    for overlap in data.overlapping:
        for name in overlap.names:
            yield name, Disease(None, ids.intersection(overlap.by))
    for name in chain.from_iterable(data.others):
        yield name, Disease(None)


def _abbreviations(ids: frozenset[str]) -> dict[str, Disease]:
    """The abbreviations in the data, folded; they count only where they are written in capitals."""
    data = _diseases()
    short = {folded(word): Disease(None) for word in data.other_abbreviations}
    for label, words in data.abbreviations.items():
        short |= {folded(word): Disease(label if label in ids else None) for word in words}
    return short


@lru_cache(maxsize=1)
def _diseases() -> _Diseases:
    return read_model(_TABLE, _Diseases, needed="it comes with this package", whole="diseases")


def _one_spelling(word: str) -> str:
    """American for British: "naevus", "seborrhoeic", "tumour"."""
    return "and" if word == "&" else word.replace("ae", "e").replace("oe", "e").replace("our", "or")


def _inflected(word: str) -> tuple[str, ...]:
    """A name's word and its plural, or its possessive: "bowen" is also "bowens"."""
    if word.endswith("is"):
        return word, word[:-2] + "es"
    if word.endswith("us"):
        return word, word[:-2] + "i"
    if word.endswith("y"):
        return word, word[:-1] + "ies"
    return (word,) if word.endswith("s") or not word.isalpha() else (word, word + "s")
