"""What a search prints says no more than its numbers."""

import pytest

from hikari_serve.cli.index.report import print_description, print_found
from hikari_serve.cli.index.workshop import Found
from hikari_serve.references.index import Match
from hikari_serve.references.store import Case


def test_a_likeness_is_not_rounded_to_the_picture(capsys: pytest.CaptureFixture[str]) -> None:
    match = Match("c1", similarity=0.9998, score=0.9998)
    print_found([Found(match, Case("c1", b"", "sccis"))], as_json=False)
    said = capsys.readouterr().out
    assert "1.000" not in said
    assert said.count("> 0.999") == 2


def test_a_terminal_obeys_nothing_of_a_case(capsys: pytest.CaptureFixture[str]) -> None:
    obeyed = "\x1b]0;mine\x07\x1b[2J\x9b1m"
    match = Match(obeyed, similarity=0.9, score=0.9)
    print_found([Found(match, Case(obeyed, b"", obeyed, obeyed))], as_json=False)
    shown = "".join(capsys.readouterr().out.split())
    assert shown.isprintable()
    assert shown.count("\\x1b]0;mine\\x07") == 3


def test_words_in_brackets_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    encoder = {"name": "e[1]", "weights": "w" * 64, "preprocessing": "max[128]", "text": None}
    described = {
        "index": "/tmp/cases[old]/x[/old]",
        "digest": "d",
        "count": 2,
        "with_caption": 0,
        "labels": {"Nevus [benign]": 1, "Nevus [/benign]\x1b[2J": 1},
        "nearest": None,
        "encoder": encoder,
        "bytes": 1,
    }
    print_description(described)
    shown = capsys.readouterr().out
    for words in (
        "/tmp/cases[old]/x[/old]",
        "1 Nevus [benign]",
        "1 Nevus [/benign]\\x1b[2J",
        "e[1], weights",
        "max[128]",
    ):
        assert words in shown
