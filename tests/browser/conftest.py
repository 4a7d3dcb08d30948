"""One browser for all of these tests; without Chromium they fail, they are never skipped.

The ordinary test run does not enter this folder (`norecursedirs` in pyproject.toml): `make
test-browser` does, and beside playwright's event loop, tests with one of their own cannot run.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from hikari_serve.report import render
from tests.browser.chromium import chromium
from tests.report.conftest import ANSWERS, report
from tests.serving.conftest import admission as admission
from tests.serving.conftest import api as api
from tests.serving.conftest import keys as keys
from tests.serving.conftest import observer as observer

expect.set_options(timeout=30_000)  # as long as playwright waits for everything else

PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1200, "height": 900}

# What reaches beyond the right edge of the window, apart from words for screen readers.
_WIDER = """() => [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
    .map((each) => each.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of every kind of answer, as a file."""
    folder = tmp_path_factory.mktemp("reports")
    files = {kind: folder / f"{kind}.html" for kind in ANSWERS}
    for kind, file in files.items():
        file.write_text(render(report(kind), "html"), encoding="utf-8")
    return files


@pytest.fixture(scope="session")
def browser(reports: dict[str, Path]) -> Iterator[Browser]:
    # Reports come first: they run the cascade, and beside playwright's own event loop none runs.
    with chromium() as running:
        yield running


Opened = Callable[..., Page]


@pytest.fixture
def requests() -> list[str]:
    """The addresses that the test's pages asked for."""
    return []


@pytest.fixture
def opened(browser: Browser, requests: list[str]) -> Iterator[Opened]:
    """Opens an address in a profile of its own, on a desk or a phone, by day or by night."""
    contexts = []

    def open_(
        url: str,
        size: ViewportSize = DESK,
        color_scheme: Literal["light", "dark"] | None = None,
    ) -> Page:
        contexts.append(browser.new_context(viewport=size, color_scheme=color_scheme))
        page = contexts[-1].new_page()
        page.on("request", lambda asked: requests.append(asked.url))
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe finds wrong with a page, but for what it calls minor or moderate."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {each['nodes'][0]['html']}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def wider(page: Page) -> list[str]:
    """Elements that are wider than the window."""
    found: list[str] = page.evaluate(_WIDER)
    return found
