"""Whether a caption fits the disease that the classifier named."""

from collections.abc import Sequence
from typing import Literal

from hikari_serve.reading.absence import sees_no_lesion
from hikari_serve.reading.reader import Said, reader
from hikari_serve.reading.sentences import unfinished
from hikari_serve.reading.thinking import without_thinking
from hikari_serve.stage import Classification, Description, Frozen, Output

Consistency = Literal["agrees", "contradicts", "unknown"]


class Mention(Frozen):
    """A disease that a caption names, or its words that it sees no lesion.

    Attributes:
        start: Index of its first character in the caption, in Unicode code points.
        end: Index after its last.
        label: The label's id; null for a disease outside the label set, and for no lesion.
        consistency: Whether it speaks for the classifier's label or against it; `unknown` where
            the caption leaves it open, denies another disease, names one that is broader or
            narrower than the label, or was cut before the sentence ended.
    """

    start: int
    end: int
    label: str | None
    consistency: Consistency


def mentions(caption: Description, disease: Output | None) -> tuple[Mention, ...]:
    """The diseases that a caption names, each compared with the classifier's label.

    A caption that sees no lesion, and describes none, speaks against every disease. What stands in
    a sentence that was cut says nothing: "Psoriasis was" may have gone on "ruled out".

    Args:
        caption: Any words, and whether they were cut.
        disease: The disease stage's output; without a label every mention is `unknown`.
    """
    if not isinstance(disease, Classification):
        return ()
    own, text = disease.label, caption.text
    told = unfinished(without_thinking(text)) if caption.finish_reason == "length" else len(text)
    words = tuple(
        (label, (name, *disease.aliases.get(label, ()))) for label, name in disease.names.items()
    )
    found = [
        Mention(
            start=said.start,
            end=said.end,
            label=said.disease.label,
            consistency=_bearing(said, own) if own and said.start < told else "unknown",
        )
        for said in reader(words).read(text)
    ]
    if span := sees_no_lesion(text):
        against: Consistency = "contradicts" if own and span.start < told else "unknown"
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
