"""A sentence with its names of diseases as single words, and the cues before them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hikari_serve.reading.cues import Before, cues
from hikari_serve.reading.lexicon import Disease, Lexicon
from hikari_serve.reading.phrases import Found
from hikari_serve.reading.sentences import Ending, Sentence
from hikari_serve.reading.spelling import mended

NAME: Final = "\0"
"""Stands in a clause for a name, and equals no word."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a text.

    Attributes:
        start: Index of its first character in the text, in Unicode code points.
        end: Index after its last.
        at: Its index among the clause's words.
        disease: What it means.
    """

    start: int
    end: int
    at: int
    disease: Disease


@dataclass(frozen=True, slots=True)
class Clause:
    """A sentence as cues are looked for in it.

    Attributes:
        words: Folded words and marks; each name is one `NAME`.
        written: Where each begins and ends in the text.
        names: In order.
        cues: The cues before names, from left to right, none within another.
        ending: The mark that ended the sentence.
    """

    words: Sequence[str]
    written: Sequence[tuple[int, int]]
    names: Sequence[Named]
    cues: Sequence[Found[Before]]
    ending: Ending


def clause(sentence: Sentence, lexicon: Lexicon) -> Clause:
    """Looks for names and cues; linear in the words."""
    words: list[str] = []
    written: list[tuple[int, int]] = []
    names: list[Named] = []
    done = 0
    for name in lexicon.find(sentence.words):
        for word in sentence.words[done : name.first]:
            words.append(mended(word.text))
            written.append((word.start, word.end))
        span = sentence.words[name.first].start, sentence.words[name.end - 1].end
        names.append(Named(*span, len(words), name.disease))
        words.append(NAME)
        written.append(span)
        done = name.end
    for word in sentence.words[done:]:
        words.append(mended(word.text))
        written.append((word.start, word.end))
    return Clause(words, written, names, cues().before.all(words), sentence.ending)
