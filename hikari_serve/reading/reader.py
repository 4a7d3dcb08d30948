"""The one reader of what a text says of diseases; captions and label matching both use it.

After NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009): cues around a name, within its
sentence, decide. Beyond them, a question is answered by the next sentence, and a verdict or a doubt
may follow in one of its own ("It was ruled out.", "I am not sure."). Linear in the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from hikari_serve.reading.after import after, verdict
from hikari_serve.reading.before import before
from hikari_serve.reading.clause import NAME, Clause, Named, clause
from hikari_serve.reading.cues import cues
from hikari_serve.reading.language import Evidence, weigh
from hikari_serve.reading.lexicon import Disease, Lexicon
from hikari_serve.reading.sentences import sentences
from hikari_serve.reading.stance import Leaning, Stance, settled, together
from hikari_serve.reading.words import WORDS, is_adverb


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says of one disease that it names.

    Attributes:
        start: Index of the name's first character, in Unicode code points.
        end: Index after its last.
        disease: What the name means.
        stance: What is said of it.
    """

    start: int
    end: int
    disease: Disease
    stance: Stance


class Reader:
    """Reads texts for one set of labels."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        """Args:
        words: For each label id, the words that mean it.
        """
        self._lexicon = Lexicon(words)

    def read(self, text: str) -> tuple[Said, ...]:
        """Every disease that a text names, in order.

        Where the text, or a sentence of it, is not English, every stance is `open`.
        """
        clauses = [clause(sentence, self._lexicon) for sentence in sentences(text)]
        evidence = [_evidence(each, text) for each in clauses]
        foreign = sum(each.foreign for each in evidence) > sum(each.english for each in evidence)
        leanings = [_read(each) for each in clauses]
        for index, (each, onward) in enumerate(pairwise(clauses)):
            leanings[index] = _in_view_of(each, leanings[index], onward)
        _carry_headings(clauses, leanings)
        return tuple(
            Said(name.start, name.end, name.disease, settled(said) if english else "open")
            for each, weight, said_there in zip(clauses, evidence, leanings, strict=True)
            for english in [weight.speaks_english and not foreign]
            for name, said in zip(each.names, said_there, strict=True)
        )


@lru_cache(maxsize=8)  # a process serves the label sets of one cascade
def reader(words: tuple[tuple[str, tuple[str, ...]], ...]) -> Reader:
    """The reader of a set of labels, given as pairs of an id and its words; built once."""
    return Reader(dict(words))


def _evidence(each: Clause, text: str) -> Evidence:
    plain = [
        (word, text[start:end])
        for word, (start, end) in zip(each.words, each.written, strict=True)
        if word != NAME
    ]
    return weigh([word for word, _ in plain], [written for _, written in plain])


def _read(each: Clause) -> list[Leaning]:
    """What a sentence says of each of its names."""
    found: list[Leaning] = []
    since = 0
    for names in _lists(each):
        first, last = names[0].at, names[-1].at
        ahead, verdict_behind = before(each, first, since), after(each, last)
        since = verdict_behind.end if verdict_behind else since
        said = together(ahead, verdict_behind.said if verdict_behind else None)
        found.extend(_shared(each, names, said))
    if each.ending == "?" or (found and cues().doubted.all(each.words)):
        return ["doubted"] * len(found)
    return found


def _lists(each: Clause) -> Iterator[list[Named]]:
    """Names with nothing but commas and conjunctions between them belong together."""
    if not each.names:
        return
    names = [each.names[0]]
    for one, other in pairwise(each.names):
        if other.at - one.at <= 5 and WORDS.between.issuperset(each.words[one.at + 1 : other.at]):
            names.append(other)
        else:
            yield names
            names = [other]
    yield names


def _shared(each: Clause, names: Sequence[Named], said: Leaning) -> list[Leaning]:
    """What is said of a list, of each of its names."""
    first, last = names[0].at, names[-1].at
    within, behind = each.words[first:last], each.words[last + 1 : last + 3]
    choice = [*within, *[word for word in behind if word != ","][:1]]
    if said != "denied" and not WORDS.alternatives.isdisjoint(choice):
        return ["doubted"] * len(names)
    if (
        said == "denied"
        and len(names) == 2
        and within[1:] == [","]
        and each.words[first - 1] == "not"
    ):
        return ["denied", "hedged"]  # "not psoriasis, eczema"
    return [said] * len(names)


def _in_view_of(each: Clause, said: list[Leaning], onward: Clause) -> list[Leaning]:
    """What the next sentence, where it names nothing, makes of the names of this one."""
    words = onward.words
    if each.ending == "?" and words and words[0] in WORDS.agreeing | WORDS.disagreeing:
        alone = len(words) == 1 or words[1] == ","
        answer: Leaning = "proven" if words[0] in WORDS.agreeing else "denied"
        return [answer] * len(said) if alone else said
    if onward.names or not words or not said:
        return said
    if words[0] in WORDS.speaking and cues().doubted.all(words):
        return ["doubted"] * len(said)
    if words[0] in WORDS.pointing or words[:2] == ["the", "diagnosis"]:
        start = 2 if words[0] == "the" or words[1:2] == ["diagnosis"] else 1
        while start < len(words) and is_adverb(words[start]):
            start += 1
        if found := verdict(words, start):
            return [together(one, found.said) for one in said]
    return said


def _carry_headings(clauses: Sequence[Clause], leanings: list[list[Leaning]]) -> None:
    """Leaves open what stands in the lines under "Differential diagnosis:"."""
    heading = False
    for index, each in enumerate(clauses):
        words = each.words
        if ":" in words:
            heading = not WORDS.headings.isdisjoint(words[: words.index(":")])
        elif heading and each.names and sum(word.isalpha() for word in words) <= 3:
            leanings[index] = ["hedged" if one != "denied" else one for one in leanings[index]]
        else:
            heading = False
