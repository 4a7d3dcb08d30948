"""Attacks on a stage that listens on a port of its own, and wants a token."""

import httpx

from hikari_serve.serving.hop.wire import CALL, PROTOCOL
from tests.attack.trial import Tried
from tests.served.server import Server

TOKEN = {"authorization": "Bearer " + "t" * 20}
CALLS = {"content-type": CALL}


def trials(runner: Server) -> list[Tried]:
    """All of them; `runner` was started with the token."""
    return [
        _status(runner, "a call of a stage without its token", 401, call("1"), CALLS),
        _status(runner, "a call that has `NaN` seconds", 400, call("NaN"), {**CALLS, **TOKEN}),
        _status(runner, "a call that has a thousand years", 400, call("3e10"), {**CALLS, **TOKEN}),
        _status(runner, "a call that ends in its header", 400, call("1")[:9], {**CALLS, **TOKEN}),
        _status(runner, "a call of 100 MB", 413, b" " * 100_000_000, {**CALLS, **TOKEN}),
        _status(
            runner,
            "pickle for a stage",
            415,
            b"\x80\x04.",
            {**TOKEN, "content-type": "application/vnd.bentoml+pickle"},
        ),
        _pages(runner),
    ]


def call(seconds: str) -> bytes:
    """A call of the stage that has so many seconds."""
    header = f'{{"protocol": {PROTOCOL}, "seconds": {seconds}, "id": "r", "model": "demo_group"}}'
    return len(header).to_bytes(4, "big") + header.encode()


def _status(
    runner: Server, what: str, expected: int, body: bytes, headers: dict[str, str]
) -> Tried:
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
