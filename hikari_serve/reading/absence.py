"""Whether a text sees no lesion at all, which speaks against every disease.

It must be said of the whole picture: "no other lesions" and "the surrounding skin is normal" say
nothing against the lesion that is described.
"""

from functools import lru_cache
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from hikari_serve.reading.phrases import Found, Phrases
from hikari_serve.reading.sentences import Sentence, sentences
from hikari_serve.reading.thinking import without_thinking
from hikari_serve.reading.words import DATA
from hikari_serve.yaml_file import read_model

_TABLE = DATA / "absence.yaml"

Kind = Literal["absent"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    absent: tuple[str, ...]
    not_behind: str = Field(alias="not behind")
    followers: tuple[str, ...]


class _Absence(NamedTuple):
    absent: Phrases[Kind]
    not_behind: frozenset[str]
    followers: Phrases[Literal["follower"]]


class Span(NamedTuple):
    """Where words stand in a text, in Unicode code points: from `start` up to `end`."""

    start: int
    end: int


def sees_no_lesion(text: str) -> Span | None:
    """Where a text first says that there is no lesion; None if it does not.

    Args:
        text: Such as "No skin lesion is seen in this picture."
    """
    for sentence in sentences(without_thinking(text)):
        words = [word.text for word in sentence.words]
        for found in _table().absent.all(words) if sentence.ending != "?" else ():
            if _of_the_whole(words, found):
                return _span(sentence, found)
    return None


def _of_the_whole(words: list[str], found: Found[Kind]) -> bool:
    if not _table().not_behind.isdisjoint(words[max(0, found.start - 3) : found.start]):
        return False
    return found.end >= len(words) or _table().followers.at(words, found.end) is not None


def _span(sentence: Sentence, found: Found[Kind]) -> Span:
    return Span(sentence.words[found.start].start, sentence.words[found.end - 1].end)


@lru_cache(maxsize=1)
def _table() -> _Absence:
    data = read_model(_TABLE, _Table, needed="it comes with this package", whole="absence")
    return _Absence(
        Phrases({"absent": data.absent}),
        frozenset(data.not_behind.split()),
        Phrases({"follower": data.followers}),
    )
