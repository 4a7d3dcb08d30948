"""What the words behind a name say of it: "psoriasis was considered, but later ruled out".

A verdict is a form of "be", "have" or the like, perhaps with "not" and adverbs, and what it says;
or, as in notes, only what it says ("psoriasis: not seen"). Of several the last counts. What lies
between the name and its verdict may be a place ("of the scalp"), not a subject of its own.
"""

from collections.abc import Sequence
from typing import NamedTuple

from hikari_serve.reading.clause import NAME, Clause
from hikari_serve.reading.cues import cues
from hikari_serve.reading.stance import Leaning, said_after
from hikari_serve.reading.words import WORDS, is_adverb

_LONGEST = 8
"""Words of a place, of a chain of verbs or of a join that are looked at."""

_INSERTIONS = {",": ",", "-": "-", "–": "–", "—": "—", "(": ")"}
"""The marks around an insertion."""

_INSERTED = 25
"""Words of an insertion that are looked at."""

_BEFORE_A_SHARE = frozenset(("(", ":", ",", "=", "-", "about", "~", "<", ">"))


class Verdict(NamedTuple):
    """What is said of a name, and the index behind the words that say it."""

    said: Leaning
    end: int


def after(clause: Clause, at: int) -> Verdict | None:
    """Reads the words behind a name; None if they say nothing of it.

    Args:
        clause: The sentence.
        at: Index of the name, or of the last of a list of names.
    """
    words = clause.words
    if tail := cues().tails.at(words, at + 1):
        return Verdict("denied" if tail.kind == "denied" else "hedged", tail.start)
    if _share(words, at + 1):
        return Verdict("hedged", at + 1)
    last, further = None, _first(words, at + 1) or _joined(words, at + 1)
    while further is not None:
        last, further = further, _joined(words, further.end)
    return last


def verdict(words: Sequence[str], start: int) -> Verdict | None:
    """The verdict that begins at a word; None if none does."""
    negated = modal = chained = False
    stop = min(start + _LONGEST, len(words))
    for index in range(start, stop):
        word = words[index]
        if word in WORDS.raising and (passed_on := _passed_on(words, index + 1, negated=negated)):
            return passed_on
        found = cues().after.at(words, index)
        if found and (chained or (found.kind != "general" and _ends(words, found.end))):
            said: Leaning = "hedged" if modal else said_after(found.kind, negated=negated)
            return Verdict(said, found.end)
        answer = None if chained else cues().answers.at(words, index)
        if answer and words[answer.end : answer.end + 1] in ([], [")"], [","]):
            return Verdict(said_after(answer.kind, negated=False), answer.end)
        if word in ("not", "never") or words[index : index + 2] == ["no", "longer"]:
            negated = not negated
        elif word in WORDS.modals or (
            word == "to" and (not index or words[index - 1] in WORDS.tasked)
        ):
            modal = chained = True
        elif word in WORDS.verbs:
            chained = True
        elif not (is_adverb(word) or word in WORDS.colourless):
            unread = negated and chained and word != NAME
            return Verdict("hedged", index) if unread else None
    whole = negated and chained and stop == len(words)
    return Verdict("denied", stop) if whole else None


def _passed_on(words: Sequence[str], start: int, *, negated: bool) -> Verdict | None:
    """What stands behind "was felt to be"; what is only felt to be so is not said to be so."""
    while start < len(words) and (
        words[start] in ("to", "be", "as", "a") or is_adverb(words[start])
    ):
        start += 1
    inverted = words[start : start + 1] == ["not"]
    found = cues().after.at(words, start + inverted)
    if found is None:
        return None
    said = said_after(found.kind, negated=negated != inverted)
    return Verdict("favored" if said in ("affirmed", "proven") else said, found.end)


def _first(words: Sequence[str], start: int) -> Verdict | None:
    """The verdict that belongs to the name itself."""
    if (resumed := _past_insertion(words, start)) is not None:
        return verdict(words, resumed)
    index, stop = start, min(start + _LONGEST, len(words))
    while index < stop and (words[index] in WORDS.passed or is_adverb(words[index])):
        if cues().after.at(words, index):
            break
        index += 1
    if index == stop or words[index] not in WORDS.places or cues().after.at(words, index):
        return _of_what_is_before(words, index)
    stop = min(index + _LONGEST, len(words))
    verb = next((at for at in range(index, stop) if words[at] in WORDS.verbs | WORDS.modals), None)
    barred = WORDS.barred | {NAME}
    if verb is None or not barred.isdisjoint(words[index:verb]):
        return None
    return verdict(words, verb)


def _past_insertion(words: Sequence[str], start: int) -> int | None:
    """Where the verb stands behind an insertion of commas, dashes or brackets, if one is there."""
    mark = words[start] if start + 1 < len(words) else ""
    closing = _INSERTIONS.get(mark)
    if closing is None or (mark == "," and words[start + 1] not in WORDS.parenthetic):
        return None
    for index in range(start + 2, min(start + _INSERTED, len(words) - 1)):
        if words[index] == NAME:
            return None
        if words[index] == closing and words[index + 1] in WORDS.verbs | WORDS.modals:
            return index + 1
    return None


def _joined(words: Sequence[str], start: int) -> Verdict | None:
    """A further verdict, behind "but" or a comma."""
    index, stop = start, min(start + _LONGEST, len(words))
    while index < stop and words[index] in WORDS.joins:
        index += 1
    return _of_what_is_before(words, index) if index > start else None


def _of_what_is_before(words: Sequence[str], start: int) -> Verdict | None:
    """The verdict that begins at a word, unless it heads another name: ", excluded: eczema"."""
    found = verdict(words, start)
    if found and words[start - 1] in (",", "("):
        heads = words[found.end : found.end + 1] == [":"]
        return None if heads and NAME in words[found.end + 1 : found.end + 3] else found
    return found


def _share(words: Sequence[str], start: int) -> bool:
    """Whether a name is given a probability or a score: "psoriasis (30 %)", "psoriasis: 2/10".

    A number of three digits is a code or a year: "psoriasis (696.1)".
    """
    index = start
    while index < len(words) and words[index] in _BEFORE_A_SHARE:
        index += 1
    if index == len(words) or not words[index].isdigit():
        return False
    if not {"%", "percent"}.isdisjoint(words[index : index + 3]):
        return True
    marked, digits = index > start and len(words[index]) < 3, index
    while index < len(words) and (words[index].isdigit() or words[index] == "/"):
        index += 1
    ends = words[index : index + 1] in ([], [")"], [","])
    return ends and (marked or "/" in words[digits:index])


def _ends(words: Sequence[str], end: int) -> bool:
    return end >= len(words) or words[end] in WORDS.follows
