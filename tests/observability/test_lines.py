"""Whatever is logged is one JSON object on one line."""

import json
import logging
import sys

from hikari_serve.observability.lines import JsonLines
from hikari_serve.serving import request_id


def line(message: str, *, failed: bool = False) -> dict[str, object]:
    error = None
    if failed:
        try:
            raise ValueError("two\nlines")
        except ValueError:
            error = sys.exc_info()
    record = request_id._one_line("a.b", logging.WARNING, "f", 1, message, (), error)
    record.component = "[service:GroupRunner:1]"
    text = JsonLines().format(record)
    assert "\n" not in text
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_a_message_with_where_it_comes_from() -> None:
    found = line('model "m" is READY')
    assert found.pop("time")
    assert found == {
        "level": "WARNING",
        "process": "service:GroupRunner:1",
        "logger": "a.b",
        "message": 'model "m" is READY',
    }


def test_the_request_stands_apart_from_the_message() -> None:
    token = request_id.current.set("r1")
    try:
        found = line("stage group: no\x1b[31m")
    finally:
        request_id.current.reset(token)
    assert found["request"] == "r1"
    assert found["message"] == "stage group: no\\x1b[31m"


def test_a_traceback_is_in_it() -> None:
    assert "ValueError: two\nlines" in str(line("it failed", failed=True)["exception"])
