"""`hikari diagnose --report` and `--open`."""

import os
import webbrowser
from pathlib import Path

import pytest

from hikari_serve.cli.diagnose.card import print_card
from tests.cli.conftest import Hikari
from tests.report.conftest import report
from tests.serving.conftest import Api


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was asked to open."""
    monkeypatch.setenv("BROWSER", "some-browser")
    asked: list[str] = []

    def open_(url: str) -> bool:
        asked.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_)
    return asked


def test_a_report_is_written_beside_the_card(
    api: Api, hikari: Hikari, picture: Path, opened: list[str]
) -> None:
    for name, beginning in (("r.html", "<!doctype html>"), ("r.md", "# ")):
        target = picture.with_name(name)
        done = hikari("diagnose", picture, "--url", api.url, "--report", target)
        assert (done.exit_code, done.stderr) == (0, "")
        assert "Sccis" in done.stdout
        text = target.read_text()
        assert text.startswith(beginning)
        assert "data:image/jpeg;base64," in text
    assert opened == []


def test_open_shows_it(api: Api, hikari: Hikari, picture: Path, opened: list[str]) -> None:
    target = picture.with_name("report.html")
    done = hikari("diagnose", picture, "--url", api.url, "--json", "--open", target)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("{")
    assert opened == [target.as_uri()]


def test_without_a_browser_it_says_so(
    api: Api, hikari: Hikari, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    target = picture.with_name("report.html")
    done = hikari("diagnose", picture, "--url", api.url, "--open", target)
    assert done.exit_code == 0
    assert done.stderr == f"there is no browser here; open {target} where there is one\n"
    assert target.exists()


def test_a_picture_without_an_answer_has_no_report(
    api: Api, hikari: Hikari, picture: Path, opened: list[str]
) -> None:
    picture.write_text("junk")
    target = picture.with_name("report.html")
    done = hikari("diagnose", picture, "--url", api.url, "--open", target)
    assert (done.exit_code, opened, target.exists()) == (1, [], False)


def test_a_name_that_is_no_text_is_shown_and_obeyed_by_nobody(
    api: Api, hikari: Hikari, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(picture.parent)
    names = {os.fsdecode(b"l\xe9sion.png"): "l\\udce9sion.png", "\x1b[2J.png": "\\x1b[2J.png"}
    for name, shown in names.items():
        strange = picture.rename(picture.with_name(name))
        target = picture.with_name("r.md")
        done = hikari("diagnose", strange.name, "--url", api.url, "--report", target)
        assert (done.exit_code, done.stderr) == (0, "")
        assert shown in done.stdout
        assert shown.replace("\\", "\\\\").replace("[", "\\[") in target.read_text()
        picture = strange
    picture.write_text("junk")
    done = hikari("diagnose", picture, "--url", api.url)
    assert (done.exit_code, "/\\x1b[2J.png: this is no picture" in done.stderr) == (1, True)


def test_a_report_that_cannot_be_written_leaves_the_old_one(
    api: Api, hikari: Hikari, picture: Path
) -> None:
    target = picture.with_name("report.html")
    target.write_text("the old one")
    picture.with_name("report.html.part").mkdir()
    done = hikari("diagnose", picture, "--url", api.url, "--report", target)
    assert (done.exit_code, target.read_text()) == (1, "the old one")
    assert "Sccis" in done.stdout


@pytest.mark.parametrize(
    ("target", "pictures", "why"),
    [
        ("report.pdf", 1, "must end in .html or .md"),
        ("nowhere/report.html", 1, "there is no folder"),
        ("folder.html", 1, "is a folder"),
        ("report.html", 2, "a report is about one picture, not 2"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_runs(
    hikari: Hikari, picture: Path, target: str, pictures: int, why: str
) -> None:
    (picture.parent / "folder.html").mkdir()
    file = picture.parent / target
    done = hikari("diagnose", *[picture] * pictures, "--url", "http://x", "--report", file)
    assert done.exit_code == 2
    assert why in " ".join(done.stderr.replace("│", "").split())


def test_the_card_says_no_more_than_the_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    print_card("nearly.png", report("nearly").answer)
    card = capsys.readouterr().out
    assert "> 99.9%" in card
    assert "< 0.1%" in card
    assert "100.0%" not in card
    print_card("written.png", report("written").answer)
    card = " ".join(capsys.readouterr().out.split())
    assert "no probability is known; the model wrote: 'It is sccis.'" in card
    assert "None" not in card
