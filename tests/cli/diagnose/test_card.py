"""The card: what of an answer it shows, and that a terminal obeys none of it."""

import re

import pytest

from hikari_serve.cli.diagnose.card import print_card
from hikari_serve.presentation.answer import Answer
from hikari_serve.report import wording
from hikari_serve.stage import Description
from tests.report.conftest import report
from tests.scripted import Bench, classified

OBEYED = "\x1b]0;mine\x07\x1b[2J\x1b[31m[/old]\x9b1m\r"


def card(answer: Answer, capsys: pytest.CaptureFixture[str]) -> str:
    print_card("lesion.png", answer)
    return capsys.readouterr().out


@pytest.fixture
def hostile() -> Answer:
    """An answer that has what a terminal obeys wherever a server may put words."""
    told = report("hostile").answer.model_dump_json()
    answer = Answer.model_validate_json(told.replace("<script>", _in_json(OBEYED)))
    stages = [each.model_copy(update={"name": OBEYED}) for each in answer.stages]
    changed = {"notice": OBEYED, "stages": tuple(stages)}
    return answer.model_copy(update=changed)


def _in_json(text: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in text)


def test_a_terminal_obeys_nothing_of_an_answer(
    hostile: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = card(hostile, capsys)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert shown.count("\\x1b[2J") >= 10
    assert "[/old]" in shown


def test_lines_of_a_caption_stay_lines(capsys: pytest.CaptureFixture[str]) -> None:
    bench = Bench()
    words = "A plaque.\nConsistent with sccis.\n"
    bench.stages["caption"].output = Description(text=words, finish_reason="stop")
    lines = [line.strip("│ ") for line in card(bench.run(), capsys).splitlines()]
    at = next(i for i, line in enumerate(lines) if line.endswith("A plaque."))
    assert lines[at + 1] == "Consistent with sccis."


def test_a_caption_that_names_another_disease_too_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    bench = Bench()
    words = "This image shows sccis and melanoma."
    bench.stages["caption"].output = Description(text=words, finish_reason="stop")
    shown = " ".join(card(bench.run(), capsys).replace("│", "").split())
    assert "A part of the caption agrees with the disease, and a part contradicts it." in shown


def test_a_tie_is_told_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    bench = Bench()
    tie = {"probability": 0.5, "scores": {"sccis": 0.5, "psoriasis": 0.5}}
    found = classified("sccis", "sccis", "psoriasis")
    bench.stages["disease"].output = found.model_copy(update=tie)
    assert "Sccis  probability 50.0%, not more likely than not" in card(bench.run(), capsys)


def test_a_search_that_found_no_case_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert "references  No case was found." in card(report("searched").answer, capsys)
    assert "references" not in card(report("alone").answer, capsys)


@pytest.mark.parametrize("kind", ["contradicted", "unknown", "partial"])
def test_what_must_be_known_first_comes_first(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = report(kind).answer
    lines = [line.strip("│ ") for line in card(answer, capsys).splitlines()[1:]]
    assert " ".join(lines).startswith(f"{wording.banner(answer)}  ")
    assert wording.banner(report("complete").answer) is None
    assert card(report("complete").answer, capsys).splitlines()[1].startswith("│ disease")
