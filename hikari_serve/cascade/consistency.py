"""Whether a caption fits the disease that the classifier named."""

from collections.abc import Sequence
from typing import Literal

from hikari_serve.reading.absence import sees_no_lesion
from hikari_serve.reading.reader import Said, reader
from hikari_serve.stage import Classification, Frozen, Output

Consistency = Literal["agrees", "contradicts", "unknown"]


class Mention(Frozen):
    """A disease that a caption names, or its words that it sees no lesion.

    Attributes:
        start: Index of its first character in the caption, in Unicode code points.
        end: Index after its last.
        label: The label's id; null for a disease outside the label set, and for no lesion.
        consistency: Whether it speaks for the classifier's label or against it; `unknown` where
            the caption leaves it open, denies another disease, or names one that is broader or
            narrower than the label.
    """

    start: int
    end: int
    label: str | None
    consistency: Consistency


def mentions(caption: str, disease: Output | None) -> tuple[Mention, ...]:
    """The diseases that a caption names, each compared with the classifier's label.

    A caption that sees no lesion, and describes none, speaks against every disease.

    Args:
        caption: Any text.
        disease: The disease stage's output; without a label every mention is `unknown`.
    """
    if not isinstance(disease, Classification):
        return ()
    own = disease.label
    words = tuple(
        (label, (name, *disease.aliases.get(label, ()))) for label, name in disease.names.items()
    )
    found = [
        Mention(
            start=said.start,
            end=said.end,
            label=said.disease.label,
            consistency=_bearing(said, own) if own else "unknown",
        )
        for said in reader(words).read(caption)
    ]
    if span := sees_no_lesion(caption):
        against: Consistency = "contradicts" if own else "unknown"
        found.append(Mention(start=span.start, end=span.end, label=None, consistency=against))
    return tuple(sorted(found, key=lambda mention: mention.start))


def consistency(found: Sequence[Mention]) -> Consistency:
    """The verdict over a caption's mentions.

    It `agrees` if the caption affirms the label and no other disease, `contradicts` if it denies
    the label, affirms only others or sees no lesion, and is `unknown` if it does both or neither.
    """
    bearings = {mention.consistency for mention in found} - {"unknown"}
    return bearings.pop() if len(bearings) == 1 else "unknown"


def _bearing(said: Said, own: str) -> Consistency:
    """What naming a disease so means for the label.

    A disease that is only likely is not enough to agree, but enough to contradict.
    """
    if said.disease.label == own:
        if said.stance == "affirmed":
            return "agrees"
        return "contradicts" if said.stance == "denied" else "unknown"
    if said.stance in ("affirmed", "favored") and own not in said.disease.overlaps:
        return "contradicts"
    return "unknown"
