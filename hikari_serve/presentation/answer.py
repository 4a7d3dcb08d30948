"""The public answer: what `/diagnose` and the command line give for a picture of a lesion.

It names the stages of the skin cascades. Those of a cascade of another field stand in `stages`,
like all others.
"""

from hikari_serve.cascade.consistency import Consistency
from hikari_serve.cascade.limitations import Limitation
from hikari_serve.cascade.report import AnswerProvenance, StageReport, Status
from hikari_serve.pictures.quality import Quality
from hikari_serve.presentation.parts import CaptionAnswer, CaseAnswer, DiseaseAnswer, GroupAnswer
from hikari_serve.stage import Frozen

GROUP, DISEASE, CAPTION, REFERENCES = "group", "disease", "caption", "references"
"""The names that the skin cascades give their stages."""

KINDS = {GROUP: "classify", DISEASE: "classify", CAPTION: "describe", REFERENCES: "retrieve"}
"""What kind each of them is; one of another kind is none of a skin cascade, whatever its name."""

TOP_K = 5
"""Labels of a differential when the request does not say."""


class Checks(Frozen):
    """Evidence beside the disease model's own; the caption's is its `consistency`.

    It is about the disease that the model named, also where a rule then withheld it.

    Attributes:
        group_disease: Whether the disease belongs to the group that the group model named;
            `unknown` unless both named one.
        nearest_distance: One minus the cosine similarity of the nearest reference case, from 0
            to 2, be it among `references` or not; null without references.
        typicality: Share of the index's own cases that are at least as far from the nearest other
            one; null without references.
        references_agreeing: Share of the retrieved cases that have this disease; null without
            references, where no disease was named, or where no case's words are known for any.
    """

    group_disease: Consistency
    nearest_distance: float | None
    typicality: float | None = None
    references_agreeing: float | None


class Answer(Frozen):
    """Everything that a request gets back; what `/diagnose` answers as JSON.

    Attributes:
        id: The request's id.
        status: `partial` if a stage has no result, `abstained` if the last label asked for is
            not `answered`, else `complete`.
        checks: What speaks for the disease and what against.
        quality: How fit the picture is to be judged at all.
        stages: How each stage went and what it found, whatever it is called.
        limits: What is known of the models that concerns the labels named here.
    """

    id: str
    status: Status
    quality: Quality
    group: GroupAnswer | None
    disease: DiseaseAnswer | None
    caption: CaptionAnswer | None
    checks: Checks
    references: tuple[CaseAnswer, ...]
    stages: tuple[StageReport, ...]
    provenance: AnswerProvenance
    limits: tuple[Limitation, ...] = ()
    notice: str
