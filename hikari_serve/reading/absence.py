"""Whether a text sees no lesion at all, which speaks against every disease.

It must be said of the whole picture: "no other lesions" and "the surrounding skin is normal" say
nothing against the lesion that is described. Nor does a text that describes one anywhere: "A brown
papule. No rash."
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
    not_within: str = Field(alias="not within")
    followers: tuple[str, ...]
    described: str
    denying: str


class _Absence(NamedTuple):
    absent: Phrases[Kind]
    not_behind: frozenset[str]
    not_within: frozenset[str]
    followers: Phrases[Literal["follower"]]
    described: frozenset[str]
    denying: frozenset[str]


class Span(NamedTuple):
    """Where words stand in a text, in Unicode code points: from `start` up to `end`."""

    start: int
    end: int


def sees_no_lesion(text: str) -> Span | None:
    """Where a text first says that there is no lesion; None if it does not, or describes one.

    Args:
        text: Such as "No skin lesion is seen in this picture."
    """
    first = None
    for sentence in sentences(without_thinking(text)):
        if sentence.ending == "?":
            continue
        words = [word.text for word in sentence.words]
        absent = _table().absent.all(words)
        if _describes_one(words, absent):
            return None
        whole = [found for found in absent if _of_the_whole(words, found)]
        if whole and first is None:
            first = _span(sentence, whole[0])
    return first


def _describes_one(words: list[str], absent: list[Found[Kind]]) -> bool:
    """Whether a sentence has words of a lesion, with no denial before them."""
    table = _table()
    denied = next((at for at, word in enumerate(words) if word in table.denying), len(words))
    said = {at for found in absent for at in range(found.start, found.end)}
    return any(word in table.described and at not in said for at, word in enumerate(words[:denied]))


def _of_the_whole(words: list[str], found: Found[Kind]) -> bool:
    table = _table()
    if not table.not_behind.isdisjoint(words[max(0, found.start - 3) : found.start]):
        return False
    if not table.not_within.isdisjoint(words[found.start : found.end]):
        return False
    return found.end >= len(words) or table.followers.at(words, found.end) is not None


def _span(sentence: Sentence, found: Found[Kind]) -> Span:
    return Span(sentence.words[found.start].start, sentence.words[found.end - 1].end)


@lru_cache(maxsize=1)
def _table() -> _Absence:
    data = read_model(_TABLE, _Table, needed="it comes with this package", whole="absence")
    return _Absence(
        Phrases({"absent": data.absent}),
        frozenset(data.not_behind.split()),
        frozenset(data.not_within.split()),
        Phrases({"follower": data.followers}),
        frozenset(data.described.split()),
        frozenset(data.denying.split()),
    )
