"""Whether a text is English: only English is read, since what a cue means depends on the language.

Nearly half of the words of running English are a few dozen function words, and every other language
has its own; so the two are counted against each other. Libraries that guess a language were tried
and took "Psoriasis or eczema." for Polish: they need longer texts than a label or a finding is.
What is too short for function words counts as English unless most of its words, and more than one,
look strange.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from hikari_serve.reading.cues import cue_words
from hikari_serve.reading.phrases import Phrases
from hikari_serve.reading.sentences import folded
from hikari_serve.reading.words import DATA
from hikari_serve.yaml_file import read_model

_TABLE = DATA / "language.yaml"


class _English(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    function_words: str = Field(alias="function words")
    clinical_words: str = Field(alias="clinical words")


class _Languages(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    english: _English
    endings: tuple[str, ...] = Field(alias="english endings")
    others: Mapping[str, str] = Field(alias="other languages")
    borrowed: tuple[str, ...]


class _Known(NamedTuple):
    function: frozenset[str]
    clinical: frozenset[str]
    endings: tuple[str, ...]
    foreign: frozenset[str]
    borrowed: Phrases[str]


class Evidence(NamedTuple):
    """Counts of words that tell a language.

    Attributes:
        english: English function words.
        foreign: Function words of other languages only, and words in other letters.
        alike: Other words that look English.
        strange: Other words of three letters or more that do not.
    """

    english: int
    foreign: int
    alike: int
    strange: int

    @property
    def speaks_english(self) -> bool:
        """Whether nothing, or less than what speaks for English, speaks against it."""
        if self.foreign or self.english:
            return self.english > self.foreign
        return self.strange <= max(self.alike, 1)


def weigh(words: Iterable[str], raw: Iterable[str]) -> Evidence:
    """Counts what tells the language of a row of words; names of diseases are not to be among them.

    Args:
        words: Folded.
        raw: The same words as they were written.
    """
    known, english, foreign, alike, strange = _known(), 0, 0, 0, 0
    row, written = list(words), list(raw)
    borrowed = {at for f in known.borrowed.all(row) for at in range(f.start, f.end)}
    for index, (word, as_written) in enumerate(zip(row, written, strict=True)):
        if index in borrowed or not word[0].isalpha():
            continue
        if not _latin(word):
            foreign += 1
        elif word in known.function:
            english += 1
        elif as_written.casefold() in known.foreign or word in known.foreign:
            foreign += 1
        elif word in known.clinical or word.endswith(known.endings):
            alike += 1
        else:
            strange += len(word) > 2
    return Evidence(english, foreign, alike, strange)


def english_words() -> frozenset[str]:
    """Every word that is known to be English."""
    return _known().function | _known().clinical


def _latin(word: str) -> bool:
    return word.isascii() or all("LATIN" in unicodedata.name(sign, "") for sign in word[:3])


@lru_cache(maxsize=1)
def _known() -> _Known:
    data = read_model(_TABLE, _Languages, needed="it comes with this package", whole="languages")
    function = frozenset(data.english.function_words.split())
    clinical = frozenset(data.english.clinical_words.split()) | cue_words()
    foreign = {word for group in data.others.values() for word in group.split()}
    foreign |= {folded(word) for word in foreign}
    borrowed = Phrases({"borrowed": data.borrowed})
    ambiguous = function | clinical
    return _Known(function, clinical, data.endings, frozenset(foreign - ambiguous), borrowed)
