"""What a reader of the HTML is told by its headings and marks."""

import re
from dataclasses import replace

import pytest

from hikari_serve.cascade.report import StageReport, TextFound
from hikari_serve.presentation.answer import Answer
from hikari_serve.report import FORMATS, render
from hikari_serve.report.document import Format
from hikari_serve.stage import Description
from tests.report.conftest import report
from tests.scripted import Bench


def written(answer: Answer, form: Format = "html") -> str:
    return render(replace(report("complete"), answer=answer), form)


@pytest.mark.parametrize(
    ("words", "legend"),
    [
        ("Psoriasis.", ["contradicts the disease"]),
        ("No skin lesion is seen.", ["contradicts the disease"]),
        ("Sccis. Urticaria?", ["agrees with the disease", "is left open or not compared"]),
    ],
)
def test_the_legend_names_what_is_marked(words: str, legend: list[str]) -> None:
    bench = Bench()
    bench.stages["caption"].output = Description(text=words, finish_reason="stop")
    text = written(bench.run())
    (line,) = re.findall(r">What is marked: (.*)</p>", text)
    assert re.findall(">(.*?)</mark>", line) == legend
    for said in legend[:1]:
        assert f'<span class="unseen"> ({said})</span>' in text


@pytest.mark.parametrize("form", FORMATS)
def test_no_two_headings_are_alike(form: Format) -> None:
    answer = report("complete").answer
    found = TextFound(text="Water it less.", finish_reason="stop")
    other = StageReport(
        name="note", kind="describe", model="m", status="ok", found=found, total_ms=1
    )
    text = written(answer.model_copy(update={"stages": (*answer.stages, other)}), form)
    headings = re.findall(r"^ *(?:##|<h2 id=.*?>) *(.*?)(?:</h2>)?$", text, re.MULTILINE)
    assert {"Stages", "Further stages"} < set(headings)
    assert len(headings) == len(set(headings))
    assert "Water it less." in text
