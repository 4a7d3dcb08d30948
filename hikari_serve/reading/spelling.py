"""Mistyped cues: "posible psoriasis" must not be read as if nothing stood before the name.

Only cues that deny or doubt are mended, and only words that are not known to be others, so that a
wrong guess makes a text less sure and never surer.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from rapidfuzz.distance import OSA

from hikari_serve.reading.cues import cue_words, doubting_words
from hikari_serve.reading.language import english_words

SHORTEST, LONGEST = 6, 16
"""Letters of a word that is mended: a shorter one is one letter away from too many others."""


class _Known(NamedTuple):
    words: frozenset[str]
    near: dict[str, list[str]]


def mended(word: str) -> str:
    """The cue that a word is one mistake away from, with the same first letter; else the word."""
    if not SHORTEST <= len(word) <= LONGEST or not word.isalpha() or word in _known().words:
        return word
    for key in (word, *_shortened(word)):
        for cue in _known().near.get(key, ()):
            if cue[0] == word[0] and OSA.distance(word, cue) == 1:
                return cue
    return word


def _shortened(word: str) -> Iterator[str]:
    """The word without each of its letters: what two words with one mistake have in common."""
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


@lru_cache(maxsize=1)
def _known() -> _Known:
    near = defaultdict(list)
    for cue in sorted(doubting_words()):
        if len(cue) >= SHORTEST - 1:
            for key in (cue, *_shortened(cue)):
                near[key].append(cue)
    return _Known(cue_words() | english_words(), dict(near))
