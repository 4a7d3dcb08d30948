"""One line for each request, for people and for machines."""

import json
import logging
from dataclasses import replace

import pytest

from hikari_serve.observability.lines import JsonLines
from hikari_serve.observability.request_log import RequestLog
from hikari_serve.observer import PictureTime, RequestEnd, StageTime
from hikari_serve.stage import Provenance, StageResult
from tests.scripted import OUTPUTS

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARTS = {"prepare": 0.01, "queue": 0.02, "compute": 0.03, "read": 0.0, "hop": 0.04}
RESULT = StageResult(
    output=OUTPUTS["group"],
    provenance=Provenance(
        model="m", version=1, weights="w", engine="e", dtype="float32", preprocessing="p"
    ),
    prepare_ms=10,
    queue_ms=20,
    compute_ms=30.0000001,
    batch_size=1,
)
END = RequestEnd(
    id="r1",
    traceparent=f"00-{TRACE}-b7ad6b7169203331-01",
    door="diagnose_stream",
    outcome="partial",
    cause=None,
    seconds=0.65,
    first_event=0.25,
    first_word=0.3,
    stages=(
        StageTime("group", 0.2, 0.0, 0.1, result=RESULT),
        StageTime("disease", 0.3, 0.1, 0.2, error="engine_failed"),
    ),
    pictures=(PictureTime(0.05, 0.15, "c0"),),
    trace=f"00-{TRACE}-b7ad6b7169203331-01",
)
REFUSED = RequestEnd("r2", None, "diagnose", "error", "bad_image", 0.012)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    with caplog.at_level(logging.INFO):
        for end in (END, REFUSED):
            RequestLog().request_ended(end)
    return caplog.records


def test_people_read_how_it_ended_and_what_took_how_long(told: list[logging.LogRecord]) -> None:
    assert [each.getMessage() for each in told] == [
        "diagnose_stream: partial after 650 ms; group 100 ms, disease engine_failed",
        "diagnose: error (bad_image) after 12 ms",
    ]


def test_machines_read_all_of_it(told: list[logging.LogRecord]) -> None:
    first, second = (json.loads(JsonLines().format(each)) for each in told)
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "level": "INFO",
        "process": "",
        "event": "request",
        "request": "r1",
        "trace": TRACE,
        "door": "diagnose_stream",
        "outcome": "partial",
        "seconds": 0.65,
        "first_event": 0.25,
        "first_word": 0.3,
        "intake": 0.05,
        "decode": 0.15,
        "answer": 0.15,
        "stages": {
            "group": {"wait": 0.0, **PARTS},
            "disease": {"wait": 0.1, "error": "engine_failed"},
        },
    }
    assert {name: second[name] for name in ("door", "outcome", "cause", "seconds", "stages")} == {
        "door": "diagnose",
        "outcome": "error",
        "cause": "bad_image",
        "seconds": 0.012,
        "stages": {},
    }


def test_of_several_pictures_the_slowest_is_told(caplog: pytest.LogCaptureFixture) -> None:
    stages = (
        StageTime("group", 0.2, 0.0, 0.3, result=RESULT, item=1),
        StageTime("group", 0.2, 0.0, 0.1, result=RESULT, item=0),
        StageTime("disease", 0.5, 0.3, 2.0, error="deadline_exceeded", item=1),
        StageTime("disease", 0.3, 0.1, 0.2, result=RESULT, item=0),
    )
    pictures = (PictureTime(0.05, 0.15, "c0"), PictureTime(0.05, 0.1, "c1", item=1))
    with caplog.at_level(logging.INFO):
        RequestLog().request_ended(replace(END, stages=stages, pictures=pictures))
    (record,) = caplog.records
    assert record.getMessage() == (
        "diagnose_stream: partial after 650 ms for 2 pictures; "
        "group 300 ms, disease deadline_exceeded (1 of 2)"
    )
    line = json.loads(JsonLines().format(record))
    assert (line["pictures"], line["decode"]) == (2, 0.15)
    assert line["stages"] == {
        "group": {"wait": 0.0, **PARTS, "hop": 0.24},
        "disease": {
            "wait": 0.1,
            **PARTS,
            "hop": 0.14,
            "error": "deadline_exceeded",
            "failed": 1,
        },
    }
