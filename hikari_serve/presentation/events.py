"""What happens on the way to an answer, as named events: what `/diagnose/stream` sends."""

from hikari_serve.cascade.report import StageEnd
from hikari_serve.cascade.request import Event
from hikari_serve.presentation.answer import CAPTION, DISEASE, GROUP, REFERENCES
from hikari_serve.presentation.parts import (
    CaptionAnswer,
    DiseaseAnswer,
    caption_answer,
    disease_answer,
    group_answer,
)
from hikari_serve.stage import Classification, Description, Frozen, ReferenceCase, Retrieval


class References(Frozen):
    """The retrieved cases, the most similar first."""

    cases: tuple[ReferenceCase, ...]


class DiseaseEvent(DiseaseAnswer):
    """The disease as far as it is known; `provisional` where it may still be withheld."""

    provisional: bool = False


class CaptionEvent(CaptionAnswer):
    """The caption; `provisional` where the disease that it is compared with is still to come."""

    provisional: bool = False


class WordsEvent(Frozen):
    """The next words of a stage that generates."""

    stage: str
    text: str


def event_of(event: Event, top_k: int) -> tuple[str, Frozen]:
    """Names an event and words it.

    Args:
        event: What happened.
        top_k: Length of the differential.

    Returns:
        `group`, `references`, `disease` or `caption` for those stages of a skin cascade; `stage`
        for any other that ended, and for one that has no result; `words` for words on the way.
    """
    if not isinstance(event, StageEnd):
        return "words", WordsEvent(stage=event.stage, text=event.text)
    output, name = event.output, event.name
    if name == GROUP and isinstance(output, Classification):
        return name, group_answer(output)
    if name == DISEASE and isinstance(output, Classification):
        found = disease_answer(output, top_k).model_dump()
        return name, DiseaseEvent(**found, provisional=event.provisional)
    if name == CAPTION and isinstance(output, Description):
        said = caption_answer(output, event.mentions or ()).model_dump()
        return name, CaptionEvent(**said, provisional=event.mentions is None)
    if name == REFERENCES and isinstance(output, Retrieval):
        return name, References(cases=output.cases)
    return "stage", event.report()
