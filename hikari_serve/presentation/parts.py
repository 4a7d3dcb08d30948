"""What an answer says of each stage: the group, the disease with its differential, the caption."""

from collections.abc import Mapping
from typing import Literal

from hikari_serve.cascade.consistency import Consistency, Mention, consistency
from hikari_serve.stage import Classification, Decision, Description, Frozen, ReferenceCase

_INTERNAL = {"kind", "names", "aliases", "groups", "cases_shown"}
"""What a classification carries for comparing, or is told of its stage: not repeated here."""


class Ranked(Frozen):
    """One label of a differential with its probability."""

    label: str
    display_name: str
    probability: float


class GroupAnswer(Frozen):
    """The lesion's group; see `Classification` for the fields."""

    label: str | None
    display_name: str | None
    probability: float | None
    scores: Mapping[str, float]
    label_mass: float | None
    decision: Decision
    reason: str | None
    written: str | None = None


class DiseaseAnswer(Frozen):
    """The disease and the ranked differential; see `Classification` for the fields."""

    label: str | None
    display_name: str | None
    probability: float | None
    differential: tuple[Ranked, ...]
    label_mass: float | None
    decision: Decision
    reason: str | None
    written: str | None = None


class CaptionAnswer(Frozen):
    """The description, and whether what it says fits the disease.

    Attributes:
        text: The words.
        consistency: The verdict over `mentions`.
        mentions: The diseases that it names, and which of them agree or contradict.
        finish_reason: `length` where it was cut.
    """

    text: str
    consistency: Consistency
    mentions: tuple[Mention, ...] = ()
    finish_reason: Literal["stop", "length"]


class CaseAnswer(ReferenceCase):
    """A reference case; see `ReferenceCase` for the other fields.

    Attributes:
        display_name: Its disease in words; null where it is not shown, or the disease model has no
            such label or was not asked.
    """

    display_name: str | None = None


def group_answer(found: Classification) -> GroupAnswer:
    """Words a group stage's result for the answer."""
    return GroupAnswer(**found.model_dump(exclude=_INTERNAL))


def disease_answer(found: Classification, top_k: int) -> DiseaseAnswer:
    """Words a disease stage's result, with the `top_k` most probable labels."""
    ranked = list(found.scores.items())[:top_k]
    differential = tuple(
        Ranked(label=label, display_name=found.names[label], probability=probability)
        for label, probability in ranked
    )
    kept = found.model_dump(exclude={*_INTERNAL, "scores"})
    return DiseaseAnswer(**kept, differential=differential)


def case_answer(case: ReferenceCase, names: Mapping[str, str]) -> CaseAnswer:
    """Words a reference case, by the names of the disease model's labels."""
    name = names.get(case.label) if case.label else None
    return CaseAnswer(**dict(case), display_name=name)


def caption_answer(caption: Description, found: tuple[Mention, ...]) -> CaptionAnswer:
    """Words a caption, and what its mentions say of the disease."""
    return CaptionAnswer(
        text=caption.text,
        consistency=consistency(found),
        mentions=found,
        finish_reason=caption.finish_reason,
    )
