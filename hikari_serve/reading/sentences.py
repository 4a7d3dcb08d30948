"""From a text to sentences of folded words, the form in which everything here reads it.

A word keeps where it stands. Contractions come apart ("isn't" is "is not"), so that a cue has one
form; marks that only decorate ("**psoriasis**") are dropped, and brackets are round. One pass over
the text.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Literal

from hikari_serve.reading.words import WORDS

_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|\n[^\S\n]*\n\s*|\n|[^\w\s*`'’\"“”«»#]")
_ENDINGS = {"re": "are", "ve": "have", "ll": "will", "m": "am", "d": "would", "s": "is"}
_ROUND = str.maketrans("[]{}", "()()")
_OPENING = ("", "(", ":", ",", "-")
"""A question mark behind these asks about what follows: "? psoriasis"."""

Ending = Literal["", ".", "?", "!", ";", "\n"]


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a punctuation mark.

    Attributes:
        text: Folded: lower case, without accents, one form for contractions.
        start: Index of its first character in the text, in Unicode code points.
        end: Index after its last.
        apart: Whether white space stands before it.
        capital: Whether it is written in capitals, as an abbreviation is.
    """

    text: str
    start: int
    end: int
    apart: bool
    capital: bool


@dataclass(slots=True)
class Sentence:
    """Words up to a full stop, a question or exclamation mark, a semicolon or a line's end.

    Attributes:
        words: In order; of the marks, those within the sentence.
        ending: The mark that ended it; empty at the text's end.
    """

    words: list[Word] = field(default_factory=list)
    ending: Ending = ""


def sentences(text: str) -> list[Sentence]:
    """Splits a text; linear in its length."""
    found, current = [], Sentence()
    words = _words(text)
    for index, word in enumerate(words):
        follower = words[index + 1] if index + 1 < len(words) else None
        ending = _ending(word, current.words, follower, text)
        if ending is None:
            if word.text != "." and not word.text.isspace():
                current.words.append(word)
        elif current.words:
            current.ending = ending
            found.append(current)
            current = Sentence()
    return [*found, current] if current.words else found


def unfinished(text: str) -> int:
    """Where the sentence begins that a text breaks off in; the text's length where none does.

    Args:
        text: Such as "A red plaque. Psoriasis has been".
    """
    found = sentences(text)
    return found[-1].words[0].start if found and not found[-1].ending else len(text)


def folded(text: str) -> str:
    """Lower case without accents or apostrophes: "Sézary's" is "sezarys"."""
    plain = text.replace("'", "").replace("’", "").casefold()
    if plain.isascii():
        return plain
    apart = unicodedata.normalize("NFKD", plain)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def _words(text: str) -> list[Word]:
    words: list[Word] = []
    end = 0
    for match in _TOKEN.finditer(text):
        apart = match.start() > end or match.start() == 0
        start, end = match.span()
        capital = match.group().isupper()
        parts = _parts(match.group())
        words.extend(Word(part, start, end, apart, capital) for part in parts if part)
    return words


def _parts(token: str) -> tuple[str, ...]:
    """The words of one token; a token that is not a contraction is one."""
    stem, mark, ending = token.casefold().replace("’", "'").rpartition("'")
    if mark and ending == "t" and stem.endswith("n"):
        return {"can": "can", "won": "will"}.get(stem, stem[:-1]), "not"
    if mark and stem in WORDS.pronouns and ending in _ENDINGS:
        return stem, _ENDINGS[ending]
    plain = folded(token)
    if plain == "cannot":
        return "can", "not"
    if plain in WORDS.contracted:
        return {"cant": "can", "wont": "will"}.get(plain, plain[:-2]), "not"
    return (plain.translate(_ROUND),)


def _ending(word: Word, before: list[Word], after: Word | None, text: str) -> Ending | None:
    """Which ending of a sentence a mark is; None if it is none."""
    last = before[-1].text if before else ""
    inside = after is not None and not after.text.isspace()
    if word.text == ";":
        return ";"
    if word.text == "!":
        return "!"
    if word.text == ".":
        numbers_a_line = last.isdigit() and len(before) == 1
        glued = after is not None and inside and not after.apart
        return None if glued or last in WORDS.shortened or numbers_a_line else "."
    if word.text == "?":
        leads = word.apart or last in _OPENING
        return None if leads and inside else "?"
    if word.text.isspace():
        runs_on = last == "," or last in WORDS.unfinished or _begins_small(after, text)
        return None if runs_on and word.text.count("\n") < 2 else "\n"
    return None


def _begins_small(word: Word | None, text: str) -> bool:
    return word is not None and text[word.start].islower()
