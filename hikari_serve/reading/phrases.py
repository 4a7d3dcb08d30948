"""Phrases that are looked for word by word, as the files in `data/` write them.

A phrase is words in a row. `is|are` is either, `also?` may be missing, and `~` stands for up to
two adverbs; `|?` is the mark itself. Phrases are found by their first word, so a search costs what
stands in the text, not what stands in the table.
"""

import string
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from hikari_serve.reading.words import is_adverb

Kind = TypeVar("Kind", bound=str)


class Found(NamedTuple, Generic[Kind]):
    """A phrase in a row of words: its kind, its first index and the one after its last."""

    kind: Kind
    start: int
    end: int


class _Slot(NamedTuple):
    words: frozenset[str]
    optional: bool
    adverbs: bool


class Phrases(Generic[Kind]):
    """A table of phrases, each of one kind."""

    def __init__(self, table: Mapping[Kind, Sequence[str]]) -> None:
        """Args:
        table: The phrases of each kind; the first word of a phrase may be neither optional nor `~`.
        """
        self._by_first: dict[str, list[tuple[tuple[_Slot, ...], Kind]]] = defaultdict(list)
        for kind, phrases in table.items():
            for phrase in phrases:
                slots = tuple(map(_slot, phrase.split()))
                for first in slots[0].words:
                    self._by_first[first].append((slots, kind))

    def at(self, words: Sequence[str], start: int) -> Found[Kind] | None:
        """The longest phrase that begins at a word; of equal ones, the first of the table."""
        best: Found[Kind] | None = None
        if start < len(words):
            for slots, kind in self._by_first.get(words[start], ()):
                end = _end(slots, 0, words, start)
                if end > (best.end if best else start):
                    best = Found(kind, start, end)
        return best

    def all(self, words: Sequence[str]) -> list[Found[Kind]]:
        """Every phrase of a row, from left to right, none within another."""
        found, index = [], 0
        while index < len(words):
            if phrase := self.at(words, index):
                found.append(phrase)
                index = phrase.end
            else:
                index += 1
        return found


def _slot(written: str) -> _Slot:
    if written == "~":
        return _Slot(frozenset(), optional=True, adverbs=True)
    optional = written.endswith("?") and written[:-1].endswith(tuple(string.ascii_letters))
    words = written.removesuffix("?") if optional else written
    return _Slot(frozenset(words.split("|")), optional, adverbs=False)


def _end(slots: tuple[_Slot, ...], slot: int, words: Sequence[str], index: int) -> int:
    """Index after the phrase; -1 if it does not stand there. A phrase is short, so this is too."""
    if slot == len(slots):
        return index
    each = slots[slot]
    if each.adverbs:
        ends = [_end(slots, slot + 1, words, index)]
        for more in (1, 2):
            if index + more > len(words) or not is_adverb(words[index + more - 1]):
                break
            ends.append(_end(slots, slot + 1, words, index + more))
        return max(ends)
    taken = index < len(words) and words[index] in each.words
    end = _end(slots, slot + 1, words, index + 1) if taken else -1
    return max(end, _end(slots, slot + 1, words, index)) if each.optional else end
