"""What the words before a name say of it.

From the name to the left, each cue is applied to what the cues nearer to the name made of it: in
"cannot exclude psoriasis" first "exclude", then "not". A cue reaches no farther than the sentence,
a "but", an earlier name, or a verb with a subject of its own: "the absence of scale suggests
psoriasis" denies the scale. A denial that is far off, or of something beside the disease, leaves
the disease open, because a text must not count as evidence that it is not.
"""

from bisect import bisect_right
from collections.abc import Sequence

from hikari_serve.reading.clause import NAME, Clause
from hikari_serve.reading.cues import Before
from hikari_serve.reading.phrases import Found
from hikari_serve.reading.stance import Leaning, under
from hikari_serve.reading.words import WORDS, is_adverb

FAR = 6
"""Words between a denial and a name at which the denial may mean something else."""

REACH = 60
"""Words to the left of a name that are looked at: it keeps the whole reading linear."""

_DENYING: frozenset[Before] = frozenset({"negation", "denial"})
_VERBAL: frozenset[Before] = frozenset({"support", "proof"})
_REACHING: frozenset[Before] = frozenset({"doubt", "opinion", "family", "flat denial"})
"""Cues that reach past a verb: "whether the lesion shown here is psoriasis"."""


def before(clause: Clause, at: int, since: int) -> Leaning:
    """Reads the words up to a name.

    Args:
        clause: The sentence.
        at: Index of the name, or of the first of a list of names.
        since: Index of the first word that was not already read as said of an earlier name.
    """
    words, said, inner = clause.words, _of_itself(clause.words, at), at
    verb = loose = False
    last = bisect_right(clause.cues, at, key=lambda cue: cue.start) - 1
    for cue in reversed(clause.cues[max(0, last - REACH) : last + 1]):
        if cue.end <= since or at - cue.end > REACH:
            break
        between = words[cue.end : inner]
        if not WORDS.breaks.isdisjoint(between):
            break
        if NAME in between:
            return said if verb or inner != at else _past_a_name(clause, cue, at)
        if _interjection(words, cue):
            break
        if cue.kind == "certainty":
            return said
        if cue.kind == "adjacent" and not WORDS.articles.issuperset(between):
            continue
        if cue.kind == "family" and "," in words[cue.end : at]:
            continue
        if cue.kind not in _VERBAL | _REACHING:
            if verb and not _light(between):
                return "hedged" if cue.kind == "negation" and "," not in between else said
            denied_again = said == "denied" and cue.kind == "negation"
            if inner != at and (denied_again or cue.kind == "denial") and not _light(between):
                return said  # "neither red nor psoriasis", "the lack of scale speaks against it"
            if cue.kind in _DENYING and (loose or (not verb and _misses(between))):
                return "hedged" if loose or inner == at else said
        said, inner = under(cue.kind, said), cue.start
        verb = verb or cue.kind in _VERBAL
        loose = loose or "," in between
    return said


def _of_itself(words: Sequence[str], at: int) -> Leaning:
    """What a name says without a cue; "an infection or psoriasis" leaves it open."""
    articles = at - 1 if at and words[at - 1] in ("a", "an", "the") else at
    return "hedged" if articles and words[articles - 1] == "or" else "affirmed"


def _light(between: Sequence[str]) -> bool:
    return all(word in WORDS.light or word in ("in", "on") or is_adverb(word) for word in between)


def _misses(between: Sequence[str]) -> bool:
    """Whether a denial with these words between it and the name may be of something else."""
    return len(between) >= FAR or "," in between or not WORDS.elsewhere.isdisjoint(between)


def _past_a_name(clause: Clause, cue: Found[Before], at: int) -> Leaning:
    """What a cue before an earlier name says of a later one, which it may not mean."""
    from_one_to_another = clause.words[cue.end - 1] == "from" and clause.words[at - 1] == "to"
    if from_one_to_another or cue.kind in _VERBAL | {"certainty", "adjacent"}:
        return "affirmed"
    return "doubted" if cue.kind == "doubt" else "hedged"


def _interjection(words: Sequence[str], cue: Found[Before]) -> bool:
    """Whether it answers a question, as in "No, this is psoriasis", and denies nothing."""
    return cue.kind == "negation" and cue.start == 0 and words[cue.end : cue.end + 1] == [","]
