"""Every kind of report: accessible, on a phone, on paper, and alone in the world."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import PHONE, Opened, violations, wider
from tests.report.conftest import ANSWERS, HOSTILE

kinds = pytest.mark.parametrize("kind", ANSWERS)


@kinds
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(reports: dict[str, Path], opened: Opened, kind: str, scheme: str) -> None:
    assert violations(opened(reports[kind].as_uri(), color_scheme=scheme)) == []


@kinds
def test_it_fits_a_phone(reports: dict[str, Path], opened: Opened, kind: str) -> None:
    page = opened(reports[kind].as_uri(), PHONE)
    assert wider(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert violations(page) == []


@kinds
def test_it_loads_nothing_and_runs_nothing(
    reports: dict[str, Path], opened: Opened, requests: list[str], kind: str
) -> None:
    page = opened(reports[kind].as_uri())
    asked = [url for url in requests if not url.startswith("data:")]
    assert asked == [reports[kind].as_uri()]
    assert page.evaluate("document.scripts.length") == 0


@kinds
def test_it_prints(reports: dict[str, Path], opened: Opened, kind: str) -> None:
    page = opened(reports[kind].as_uri())
    paper = page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 4
    page.set_viewport_size({"width": 680, "height": 960})  # A4 within its margins
    page.emulate_media(media="print")
    assert wider(page) == []


def test_paper_is_white_by_night_too(reports: dict[str, Path], opened: Opened) -> None:
    page = opened(reports["complete"].as_uri(), color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) != "rgb(255, 255, 255)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"


def test_all_pictures_are_shown(reports: dict[str, Path], opened: Opened) -> None:
    page = opened(reports["complete"].as_uri())
    widths = page.evaluate("[...document.images].map((each) => each.naturalWidth)")
    assert len(widths) == 4
    assert all(widths)


def width(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return float(box["width"])


def test_bars_are_as_long_as_their_share(reports: dict[str, Path], opened: Opened) -> None:
    page = opened(reports["complete"].as_uri())
    bars = page.locator(".bars svg")
    shares = [width(bar.locator("rect").nth(1)) / width(bar) for bar in bars.all()]
    assert shares == pytest.approx([0.7, 0.3], abs=0.01)


def test_hostile_words_are_shown_as_they_are(reports: dict[str, Path], opened: Opened) -> None:
    page = opened(reports["hostile"].as_uri())
    expect(page.locator(".caption")).to_have_text(HOSTILE)
