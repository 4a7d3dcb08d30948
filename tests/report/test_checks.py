"""What the checks say of the disease, where neither side of it is simple."""

import pytest

from hikari_serve.presentation.answer import Answer
from hikari_serve.report import wording
from hikari_serve.report.checks import checks_of
from hikari_serve.report.lines import Line
from hikari_serve.stage import Classification, Description, ReferenceCase, Retrieval
from tests.scripted import Bench, classified

AGAINST = "Some of the evidence does not fit the disease: see the checks."


def captioned(words: str, disease: Classification | None = None) -> Answer:
    bench = Bench()
    bench.stages["caption"].output = Description(text=words, finish_reason="stop")
    bench.stages["disease"].output = disease or classified("sccis", "sccis", "psoriasis")
    return bench.run()


def check(answer: Answer, name: str) -> Line:
    return next(line for line in checks_of(answer) if line.name == name)


@pytest.mark.parametrize(
    "words", ["This image shows sccis and melanoma.", "Sccis. No skin lesion is seen."]
)
def test_a_caption_that_affirms_the_disease_and_contradicts_it_is_evidence_against(
    words: str,
) -> None:
    answer = captioned(words)
    said = "A part of the caption agrees with the disease, and a part contradicts it."
    assert check(answer, "caption") == ("caption", said, "unsure")
    assert wording.banner(answer) == AGAINST


def test_a_caption_that_only_doubts_leaves_the_disease_open() -> None:
    answer = captioned("Sccis cannot be excluded.")
    said = "The caption leaves the disease open."
    assert check(answer, "caption") == ("caption", said, "soft")
    assert wording.banner(answer) is None


@pytest.mark.parametrize(
    ("words", "label"), [("A red plaque.", "sccis"), ("Sccis and melanoma.", None)]
)
def test_without_a_disease_on_either_side_nothing_is_compared(
    words: str, label: str | None
) -> None:
    answer = captioned(words, classified(label, "sccis", "psoriasis"))
    assert check(answer, "caption").text == "The caption cannot be compared with the disease."


@pytest.mark.parametrize(
    ("labels", "tone"),
    [(("sccis", "sccis", "psoriasis"), "soft"), (("sccis", "psoriasis"), "unsure")],
)
def test_half_of_the_cases_are_no_majority(labels: tuple[str, ...], tone: str) -> None:
    bench = Bench()
    cases = tuple(ReferenceCase(id=str(n), similarity=0.9) for n in range(len(labels)))
    bench.stages["references"].output = Retrieval(index="i", cases=cases, labels=labels)
    assert check(bench.run(), "references").tone == tone
