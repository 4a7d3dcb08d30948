"""The table of cues, `data/cues.yaml`, ready to be looked for."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from hikari_serve.reading.phrases import Phrases
from hikari_serve.reading.words import DATA
from hikari_serve.yaml_file import read_model

_TABLE = DATA / "cues.yaml"

Before = Literal[
    "negation",
    "denial",
    "flat denial",
    "hedge",
    "opinion",
    "adjacent",
    "doubt",
    "family",
    "favor",
    "proof",
    "support",
    "certainty",
]
After = Literal[
    "denial",
    "proof",
    "presence",
    "likelihood",
    "possibility",
    "question",
    "dispute",
    "state",
    "general",
]
Tail = Literal["open", "denied"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    before: Mapping[Before, tuple[str, ...]]
    after: Mapping[After, tuple[str, ...]]
    answers: Mapping[After, tuple[str, ...]]
    tails: tuple[str, ...]
    denied_tails: tuple[str, ...] = Field(alias="denied tails")
    doubted_sentences: tuple[str, ...] = Field(alias="doubted sentences")
    withdrawals: tuple[str, ...]


class Cues(NamedTuple):
    """The phrases that bear on a name.

    Attributes:
        before: What stands before it.
        after: What is said of it, behind the verb.
        answers: The same, but only where nothing follows.
        tails: What stands at once behind it.
        doubted: What makes a whole sentence unsure.
        withdrawn: What takes back what was thought of before.
    """

    before: Phrases[Before]
    after: Phrases[After]
    answers: Phrases[After]
    tails: Phrases[Tail]
    doubted: Phrases[Literal["doubted"]]
    withdrawn: Phrases[Literal["withdrawn"]]


@lru_cache(maxsize=1)
def cues() -> Cues:
    """The table, read once."""
    table = _table()
    return Cues(
        Phrases(table.before),
        Phrases(table.after),
        Phrases(table.answers),
        Phrases({"open": table.tails, "denied": table.denied_tails}),
        Phrases({"doubted": table.doubted_sentences}),
        Phrases({"withdrawn": table.withdrawals}),
    )


def cue_words() -> frozenset[str]:
    """Every word of every phrase; all of them are English."""
    table = _table()
    kinds = (table.before, table.after, table.answers)
    return _words_of(
        chain(
            *(phrases for kind in kinds for phrases in kind.values()),
            *(table.tails, table.denied_tails, table.doubted_sentences, table.withdrawals),
        )
    )


def doubting_words() -> frozenset[str]:
    """The words of cues that make a text less sure."""
    table = _table()
    surer: tuple[Before, ...] = ("proof", "support", "certainty")
    after: tuple[After, ...] = ("denial", "likelihood", "possibility", "question")
    before = [phrases for kind, phrases in table.before.items() if kind not in surer]
    return _words_of(chain(*before, *(table.after[kind] for kind in after)))


def _words_of(phrases: Iterable[str]) -> frozenset[str]:
    words = {word.rstrip("?") for phrase in phrases for word in re.split(r"[ |]", phrase)}
    return frozenset(word for word in words if word.isalpha())


@lru_cache(maxsize=1)
def _table() -> _Table:
    return read_model(_TABLE, _Table, needed="it comes with this package", whole="cues")
