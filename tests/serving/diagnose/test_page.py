"""The page at `/`: what it may reach, and that it knows every event of the stream."""

import re

from hikari_serve.cascade.answer import NOTICE
from hikari_serve.client.events import EVENTS
from hikari_serve.serving.diagnose.door import PAGE_MAY
from tests.serving.conftest import Api


def page(api: Api) -> str:
    answer = api.client.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def test_it_asks_nobody_but_this_server(api: Api) -> None:
    text = page(api)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text.replace("/** ", ""))
    assert "default-src 'none'" in text
    assert "connect-src 'self'" in text
    assert "innerHTML" not in text


def test_the_notice_is_there_before_anything_is_asked(api: Api) -> None:
    assert f'role="note">{NOTICE}<' in page(api)


def test_it_handles_every_event(api: Api) -> None:
    handlers = page(api).partition("const handlers = {")[2].partition("\n};")[0]
    assert set(re.findall(r"^  (\w+): \(found\)", handlers, re.MULTILINE)) == set(EVENTS)


def test_what_it_may_do_is_said_by_the_server_too(api: Api) -> None:
    answer = api.client.get("/")
    told = answer.headers["content-security-policy"]
    assert told == f"{PAGE_MAY}; frame-ancestors 'none'"
    assert f'http-equiv="Content-Security-Policy" content="{PAGE_MAY}"' in answer.text
