"""Whether a caption fits the disease that the classifier named."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from hikari_serve.captions.denial import Stance, stance
from hikari_serve.captions.lexicon import Lexicon, Named
from hikari_serve.stage import Classification, Frozen, Output

Consistency = Literal["agrees", "contradicts", "unknown"]

_LISTED = re.compile(r"[\s,/]*(?:and/or|and|or|nor|versus|vs\.?)?\s*(?:an?\s+|the\s+)?", re.I)
"""What stands between two names of one list, which share what is said of them."""


class Mention(Frozen):
    """A disease that a caption names.

    Attributes:
        start: Index of its first character in the caption, in Unicode code points.
        end: Index after its last.
        label: The label's id; null for a disease outside the label set.
        consistency: Whether naming it so speaks for the classifier's label or against it;
            `unknown` where the caption leaves it open or denies another disease.
    """

    start: int
    end: int
    label: str | None
    consistency: Consistency


def mentions(caption: str, disease: Output | None) -> tuple[Mention, ...]:
    """The diseases that a caption names, each compared with the classifier's label.

    Args:
        caption: Any text.
        disease: The disease stage's output; without a label every mention is `unknown`.
    """
    if not isinstance(disease, Classification):
        return ()
    named = list(_lexicon(_words(disease.names, disease.aliases)).find(caption))
    return tuple(
        Mention(
            start=name.start,
            end=name.end,
            label=name.label,
            consistency=_bearing(name.label, said, disease.label),
        )
        for listed in _lists(caption, named)
        for said in [stance(caption[: listed[0].start], caption[listed[-1].end :])]
        for name in listed
    )


def consistency(found: Sequence[Mention]) -> Consistency:
    """The verdict over a caption's mentions.

    It `agrees` if the caption affirms the label and no other disease, `contradicts` if it denies
    the label or affirms only others, and is `unknown` if it does both or neither.
    """
    bearings = {mention.consistency for mention in found} - {"unknown"}
    return bearings.pop() if len(bearings) == 1 else "unknown"


def _bearing(label: str | None, said: Stance, own: str | None) -> Consistency:
    if own is None or said == "open":
        return "unknown"
    if label == own:
        return "agrees" if said == "affirmed" else "contradicts"
    return "contradicts" if said == "affirmed" else "unknown"


def _lists(text: str, named: Sequence[Named]) -> list[list[Named]]:
    """Names with nothing but commas and conjunctions between them belong together."""
    lists: list[list[Named]] = []
    for name in named:
        if lists and _LISTED.fullmatch(text, lists[-1][-1].end, name.start):
            lists[-1].append(name)
        else:
            lists.append([name])
    return lists


def _words(
    names: Mapping[str, str], aliases: Mapping[str, Sequence[str]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((label, (name, *aliases.get(label, ()))) for label, name in names.items())


@lru_cache(maxsize=8)  # a process serves the label sets of one cascade
def _lexicon(words: tuple[tuple[str, tuple[str, ...]], ...]) -> Lexicon:
    return Lexicon(dict(words))
