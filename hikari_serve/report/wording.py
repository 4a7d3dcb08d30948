"""An answer in sentences: the same in the report and on the terminal."""

from typing import NamedTuple

from hikari_serve.cascade.report import CasesFound, LabelFound, StageReport, TextFound
from hikari_serve.percent import decimal, percent
from hikari_serve.presentation.answer import KINDS, REFERENCES, Answer
from hikari_serve.presentation.parts import CaptionAnswer, CaseAnswer, DiseaseAnswer, GroupAnswer
from hikari_serve.quoting import quoted
from hikari_serve.report.checks import contradicted
from hikari_serve.report.lines import LIKELY, Line, Tone, sentence
from hikari_serve.stage import Provenance

UNSCORED = "no probability is known; the model wrote"
"""How a label is told that was read from the model's words."""

NO_CASE = "No case was found."
"""How a search is told that found nothing."""

CUT_OFF = " … (cut off at the limit of words)"


class Verdict(NamedTuple):
    """What a classifier's answer comes down to.

    Attributes:
        title: The label in words, or that there is none.
        detail: Its probability or the model's words, or why there is none.
        tone: `unsure` unless the label was answered and is more likely than not.
    """

    title: str
    detail: str
    tone: Tone


def verdict(found: GroupAnswer | DiseaseAnswer | LabelFound) -> Verdict:
    """Words what a classifier found; only a label that was answered gets a name."""
    if found.decision != "answered" or found.display_name is None:
        title = "Not known" if found.decision == "unknown" else "Not named"
        return Verdict(title, sentence(found.reason or "no reason is given"), "unsure")
    if found.probability is None:
        return Verdict(found.display_name, f"{UNSCORED}: '{quoted(found.written or '')}'", "unsure")
    share = f"probability {percent(found.probability)}"
    if found.probability <= LIKELY:
        return Verdict(found.display_name, f"{share}, not more likely than not", "unsure")
    return Verdict(found.display_name, share, "plain")


def missing(answer: Answer, stage: str) -> Line | None:
    """Why a stage has no result, if it was asked for one."""
    return next(
        (failure(each) for each in answer.stages if each.name == stage and each.error), None
    )


def failure(stage: StageReport) -> Line | None:
    """Why this stage has no result, or with what it had to do without; None if all is well."""
    if stage.error is not None:
        return Line(stage.name, f"{stage.status}: {stage.error.message}", "failed")
    if stage.missing_inputs:
        return Line(stage.name, f"answered without {', '.join(stage.missing_inputs)}", "unsure")
    return None


def others(answer: Answer) -> list[Line]:
    """What the stages found that the skin cascades do not have, in a sentence each."""
    return [
        _other(each)
        for each in answer.stages
        if each.found and KINDS.get(each.name) != each.found.kind
    ]


def _other(stage: StageReport) -> Line:
    found = stage.found
    if isinstance(found, TextFound):
        cut = CUT_OFF if found.finish_reason == "length" else ""
        return Line(stage.name, found.text + cut, "plain")
    if isinstance(found, CasesFound):
        listed = ", ".join(f"{case.id} ({decimal(case.similarity, 3)})" for case in found.cases)
        return Line(stage.name, listed or NO_CASE, "plain")
    assert found is not None
    judged = verdict(found)
    return Line(stage.name, f"{judged.title}: {judged.detail}", judged.tone)


def banner(answer: Answer) -> str | None:
    """What must be known before anything else: no result, no name, or evidence against the name."""
    told = []
    if answer.status == "partial":
        told.append("This answer is partial: not every stage has a result.")
    told += [_unnamed(each) for each in answer.stages if _is_unnamed(each)]
    if contradicted(answer):
        told.append("Some of the evidence does not fit the disease: see the checks.")
    return " ".join(told) or None


def _is_unnamed(stage: StageReport) -> bool:
    return isinstance(stage.found, LabelFound) and stage.found.decision != "answered"


def _unnamed(stage: StageReport) -> str:
    assert isinstance(stage.found, LabelFound)
    reason = sentence(stage.found.reason or "no reason is given")
    return f"No {stage.name.replace('_', ' ')} is named. {reason}"


def found_no_case(answer: Answer) -> bool:
    """Whether reference cases were looked for, and there are none."""
    return any(
        each.name == REFERENCES and isinstance(each.found, CasesFound) and not each.found.cases
        for each in answer.stages
    )


def quality(answer: Answer) -> list[Line]:
    """What is wrong with the picture; one line says so if nothing is."""
    found = answer.quality
    warnings = [Line("picture", sentence(text), "unsure") for text in found.warnings]
    return warnings or [Line("picture", "No fault was found in the picture.", "plain")]


def segments(caption: CaptionAnswer) -> list[tuple[str, str]]:
    """The caption in pieces, each with what it means for the disease; `plain` if it names none."""
    pieces, at = [], 0
    for mention in sorted(caption.mentions, key=lambda each: each.start):
        if not at <= mention.start < mention.end <= len(caption.text):
            continue  # no offsets of this text
        pieces.append((caption.text[at : mention.start], "plain"))
        pieces.append((caption.text[mention.start : mention.end], mention.consistency))
        at = mention.end
    rest = caption.text[at:] + (CUT_OFF if caption.finish_reason == "length" else "")
    return [piece for piece in [*pieces, (rest, "plain")] if piece[0]]


def meanings(caption: CaptionAnswer) -> list[str]:
    """What the marks of `segments` need a legend for."""
    return sorted({fits for _, fits in segments(caption)} - {"plain"})


def limits(answer: Answer) -> list[Line]:
    """What is known of the models, under each one's name; what concerns a label comes first."""
    return [
        Line(
            each.model,
            sentence(f"{each.display_name or ''}: {each.text}".removeprefix(": ")),
            "plain",
        )
        for each in sorted(answer.limits, key=lambda each: each.label is None)
    ]


def beware(answer: Answer) -> list[Line]:
    """Of the limits, what is known of the label that was named."""
    named = {found.label for found in (answer.group, answer.disease) if found and found.label}
    about = [each for each in answer.limits if each.label in named]
    return limits(answer.model_copy(update={"limits": tuple(about)}))


def case_name(case: CaseAnswer) -> str:
    """A case's disease in words, or its id where the disease may not be shown."""
    return case.display_name or case.label or case.id


def provenance(stage: Provenance) -> list[tuple[str, str]]:
    """What produced a stage's result, as names and values; what does not apply is left out."""
    return [(name, str(value)) for name, value in stage if value is not None]
