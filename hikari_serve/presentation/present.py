"""From what a cascade found to the public answer."""

from hikari_serve.cascade.answer import CascadeAnswer
from hikari_serve.presentation.answer import (
    CAPTION,
    DISEASE,
    GROUP,
    REFERENCES,
    TOP_K,
    Answer,
    Checks,
)
from hikari_serve.presentation.parts import (
    caption_answer,
    case_answer,
    disease_answer,
    group_answer,
)
from hikari_serve.stage import Classification, Description, Retrieval


def present(found: CascadeAnswer, top_k: int = TOP_K) -> Answer:
    """Words what a cascade found.

    Args:
        found: The run's answer.
        top_k: Length of the differential.
    """
    group, disease = found.output(GROUP), found.output(DISEASE)
    caption, cases = found.output(CAPTION), found.output(REFERENCES)
    names = disease.names if isinstance(disease, Classification) else {}
    retrieved = cases.cases if isinstance(cases, Retrieval) else ()
    evidence = found.evidence
    mentions = evidence.mentions.get(CAPTION, ())
    return Answer(
        id=found.id,
        status=found.status,
        quality=found.quality,
        group=group_answer(group) if isinstance(group, Classification) else None,
        disease=disease_answer(disease, top_k) if isinstance(disease, Classification) else None,
        caption=caption_answer(caption, mentions) if isinstance(caption, Description) else None,
        checks=Checks(
            group_disease=evidence.group,
            nearest_distance=evidence.nearest_distance,
            typicality=evidence.typicality,
            references_agreeing=evidence.cases_agreeing,
        ),
        references=tuple(case_answer(case, names) for case in retrieved),
        stages=tuple(end.report() for end in found.ends),
        provenance=found.provenance,
        limits=found.limits,
        notice=found.notice,
    )


def as_json(found: CascadeAnswer) -> str:
    """The public answer as JSON."""
    return present(found).model_dump_json()
