"""The classes of words in `data/words.yaml`, read once."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hikari_serve.yaml_file import read_model

DATA = Path(__file__).with_name("data")
"""The tables of this package."""

_Words = Annotated[frozenset[str], BeforeValidator(str.split)]


class _Classes(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    adverbs: _Words
    no_adverbs: _Words = Field(alias="no adverbs")
    contracted: _Words
    pronouns: _Words
    shortened: _Words
    unfinished: _Words
    breaks: _Words
    light: _Words
    elsewhere: _Words
    verbs: _Words
    modals: _Words
    raising: _Words
    colourless: _Words
    passed: _Words
    places: _Words
    barred: _Words
    joins: _Words
    follows: _Words
    between: _Words
    alternatives: _Words
    headings: _Words
    pointing: _Words
    speaking: _Words
    agreeing: _Words
    inverted: _Words
    parenthetic: _Words
    tasked: _Words
    articles: _Words
    conceding: _Words
    disagreeing: _Words


WORDS = read_model(
    DATA / "words.yaml", _Classes, needed="it comes with this package", whole="words"
)
"""What each class is for is said beside its words."""


def is_adverb(word: str) -> bool:
    """Whether a word only colours what it stands beside."""
    if word in WORDS.adverbs:
        return True
    return word.endswith("ly") and len(word) > 4 and word not in WORDS.no_adverbs
