"""What a sentence by itself says of each disease that it names."""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import pairwise

from hikari_serve.reading.after import after
from hikari_serve.reading.before import before
from hikari_serve.reading.clause import Clause, Named
from hikari_serve.reading.cues import cues
from hikari_serve.reading.stance import Leaning, together
from hikari_serve.reading.words import WORDS

_SURE: tuple[Leaning, ...] = ("affirmed", "proven")


def within(clause: Clause) -> list[Leaning]:
    """Reads a sentence; one leaning for each of its names."""
    found: list[Leaning] = []
    since = 0
    for names in _lists(clause):
        first, last = names[0].at, names[-1].at
        ahead, behind = before(clause, first, since), after(clause, last)
        if found and _so_is(clause.words, first):
            ahead = found[-1]
        since = behind.end if behind else since
        said = together(ahead, behind.said if behind else None)
        found.extend(_shared(clause, names, said))
    if found and (clause.ending == "?" or _conditional(clause) or cues().doubted.all(clause.words)):
        return ["doubted"] * len(found)
    return _revised(clause, found)


def _lists(clause: Clause) -> Iterator[list[Named]]:
    """Names with nothing but commas and conjunctions between them belong together."""
    if not clause.names:
        return
    names = [clause.names[0]]
    for one, other in pairwise(clause.names):
        between = clause.words[one.at + 1 : other.at]
        if len(between) <= 6 and all(w in WORDS.between or w.isdigit() for w in between):
            names.append(other)
        else:
            yield names
            names = [other]
    yield names


def _shared(clause: Clause, names: Sequence[Named], said: Leaning) -> list[Leaning]:
    """What is said of a list, of each of its names."""
    first, last = names[0].at, names[-1].at
    inside, behind = clause.words[first:last], clause.words[last + 1 : last + 3]
    joins = [*inside, *[word for word in behind if word != ","][:1]]
    if said != "denied" and not WORDS.alternatives.isdisjoint(joins):
        return ["doubted"] * len(names)
    just_not = clause.words[max(0, first - 1)] == "not"
    if said == "denied" and inside[1:] == [","] and just_not:
        return ["denied", "hedged"]  # "not psoriasis, eczema"
    return [said] * len(names)


def _so_is(words: Sequence[str], at: int) -> bool:
    """Whether a name is said to be as the one before: "and so is psoriasis"."""
    return at >= 2 and words[at - 2] in ("so", "neither", "nor") and words[at - 1] in WORDS.verbs


def _conditional(clause: Clause) -> bool:
    """Whether it only says what would be: "Were this psoriasis, ..."."""
    first, second = (*clause.words[:2], "")[:2]
    return first in WORDS.inverted and second in WORDS.pointing | {"the", "there"}


def _revised(clause: Clause, found: list[Leaning]) -> list[Leaning]:
    """What was only thought of is denied where the sentence goes on to withdraw it.

    It does by saying so ("I rejected that diagnosis"), or with a "but" or "although" and another
    disease. An ending such as "the histology does not" takes back what was affirmed before it.
    """
    words, names = clause.words, clause.names
    withdrawn = cues().withdrawn.all(words) if found else []
    breaks = [at for at, word in enumerate(words) if word in WORDS.breaks] if found else []
    conceded = next((at for at in breaks if words[at] in WORDS.conceding), len(words))
    for index, name in enumerate(names):
        if found[index] not in ("hedged", "favored"):
            continue
        taken_back = withdrawn and withdrawn[-1].start > name.at
        other = names[index + 1] if index + 1 < len(names) else None
        replaced = (
            other is not None
            and other.disease != name.disease
            and found[index + 1] in _SURE
            and (conceded < name.at or bisect(breaks, name.at) < bisect(breaks, other.at))
        )
        if taken_back or replaced:
            found[index] = "denied"
    if breaks and names[-1].at < breaks[-1] and _ends_in_not(words) and found[-1] in _SURE:
        found[-1] = "hedged"
    return found


def _ends_in_not(words: Sequence[str]) -> bool:
    return len(words) > 1 and words[-1] == "not" and words[-2] in WORDS.verbs
