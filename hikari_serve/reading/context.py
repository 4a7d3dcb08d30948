"""What a sentence makes of the names of the one before it: an answer, a verdict, a doubt."""

from collections.abc import Sequence
from itertools import pairwise

from hikari_serve.reading.after import verdict
from hikari_serve.reading.clause import Clause
from hikari_serve.reading.cues import cues
from hikari_serve.reading.stance import Leaning, together
from hikari_serve.reading.words import WORDS, is_adverb


def in_context(clauses: Sequence[Clause], leanings: Sequence[list[Leaning]]) -> list[list[Leaning]]:
    """What the sentences of a text say of their names, each in view of the others.

    Args:
        clauses: The sentences.
        leanings: What each says by itself of each of its names.
    """
    found = [list(said) for said in leanings]
    for index, (each, onward) in enumerate(pairwise(clauses)):
        if found[index]:
            found[index] = _in_view_of(each, found[index], onward)
    _carry_headings(clauses, found)
    return found


def _in_view_of(each: Clause, said: list[Leaning], onward: Clause) -> list[Leaning]:
    words = onward.words
    if each.ending == "?" and (answer := _answer(words)):
        return [answer] * len(said)
    if onward.names or not words:
        return said
    if words[0] in WORDS.speaking and cues().doubted.all(words):
        return ["doubted"] * len(said)
    if cues().withdrawn.all(words):
        return ["denied" if one in ("hedged", "favored") else one for one in said]
    if words[0] in WORDS.pointing or words[:2] == ["the", "diagnosis"]:
        start = 2 if words[0] == "the" or words[1:2] == ["diagnosis"] else 1
        while start < len(words) and is_adverb(words[start]):
            start += 1
        if found := verdict(words, start):
            return [together(one, found.said) for one in said]
    elif bare := _bare_verdict(onward):
        return [one if one == bare else together(one, bare) for one in said]
    return said


def _bare_verdict(each: Clause) -> Leaning | None:
    """What a sentence says that is only a verdict, such as "Ruled out" or "Excluded by biopsy"."""
    if each.ending == "?" or "?" in each.words:
        return None
    words = [word for word in each.words if word.isalnum()]
    found = verdict(words, 0)
    return found.said if found and words[found.end : found.end + 1] in ([], ["by"]) else None


def _answer(words: Sequence[str]) -> Leaning | None:
    """What "Yes." or "Answer: no, ..." says to a question; None for anything else."""
    start = 2 if words[1:2] == [":"] else 0
    if words[start + 1 : start + 2] not in ([], [","]):
        return None
    first = words[start] if start < len(words) else ""
    if first in WORDS.agreeing:
        return "proven"
    return "denied" if first in WORDS.disagreeing else None


def _carry_headings(clauses: Sequence[Clause], found: list[list[Leaning]]) -> None:
    """Leaves open what stands in the lines under "Differential diagnosis:"."""
    heading = False
    for index, each in enumerate(clauses):
        words = each.words
        if ":" in words:
            heading = not WORDS.headings.isdisjoint(words[: words.index(":")])
        elif heading and each.names and sum(word.isalpha() for word in words) <= 3:
            found[index] = ["hedged" if one != "denied" else one for one in found[index]]
        else:
            heading = False
