"""What a reader of the HTML is told by its marks."""

import re
from dataclasses import replace

import pytest

from hikari_serve.presentation.answer import Answer
from hikari_serve.report import render
from hikari_serve.stage import Description
from tests.report.conftest import report
from tests.scripted import Bench


def written(answer: Answer) -> str:
    return render(replace(report("complete"), answer=answer), "html")


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
