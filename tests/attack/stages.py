"""Attacks on a stage that listens on a port of its own, and wants a token."""

import httpx

from tests.attack.trial import Tried
from tests.served.server import Server

TOKEN = {"authorization": "Bearer " + "t" * 20}
ITEM = '{"id": "r", "model": "demo_group", "view": "", "deadline": %s}'
JSON = {"content-type": "application/json"}


def trials(runner: Server) -> list[Tried]:
    """All of them; `runner` was started with the token."""
    return [
        _status(runner, "an item for a stage without its token", 401, ITEM % "1", JSON),
        _status(runner, "an item with `deadline: NaN`", 400, ITEM % "NaN", {**JSON, **TOKEN}),
        _status(runner, "an item that has a thousand years", 400, ITEM % "9e12", {**JSON, **TOKEN}),
        _status(runner, "an item of 100 MB", 413, " " * 100_000_000, {**JSON, **TOKEN}),
        _status(
            runner,
            "pickle for a stage",
            415,
            "\x80\x04.",
            {**TOKEN, "content-type": "application/vnd.bentoml+pickle"},
        ),
        _pages(runner),
    ]


def _status(runner: Server, what: str, expected: int, body: str, headers: dict[str, str]) -> Tried:
    try:
        said = httpx.post(f"{runner.url}/infer", content=body, headers=headers, timeout=60)
        status = said.status_code
    except (httpx.WriteError, httpx.ReadError):  # it closed before it had read it all
        status = expected
    return Tried(what, str(status), status == expected)


def _pages(runner: Server) -> Tried:
    paths = ("/", "/docs.json", "/schema.json", "/static_content/index.css", "/assets/x")
    found = {httpx.get(runner.url + path, headers=TOKEN).status_code for path in paths}
    return Tried("the pages that BentoML gives a service", str(max(found)), found == {404})
