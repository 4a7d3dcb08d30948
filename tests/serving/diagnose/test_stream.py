"""The stream: events as stages end, words as they come, and the same answer at the end."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from hikari_serve.client import Client
from hikari_serve.errors import Unavailable
from hikari_serve.observer import Observer
from hikari_serve.serving import hangup
from tests.serving.conftest import Api


def events(api: Api, **form: str) -> list[tuple[str, dict[str, Any]]]:
    answer = api.client.post("/diagnose/stream", files={"image": api.bench.image}, data=form)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    comment, *blocks = answer.text.strip().split("\n\n")
    assert comment == ": the picture is read"
    found = []
    for block in blocks:
        event, data = block.split("\n")
        found.append((event.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_events_follow_the_cascade(api: Api) -> None:
    found = events(api)
    names = [name for name, _ in found]
    assert sorted(names[:2]) == ["group", "references"]
    assert names[2:] == ["disease", "words", "caption", "answer"]
    data = dict(found)
    assert data["words"] == {"stage": "caption", "text": data["caption"]["text"]}
    whole = api.client.post("/diagnose", files={"image": api.bench.image}).json()
    for field in ("group", "disease", "caption", "references", "status"):
        assert data["answer"][field] == whole[field]
    assert data["disease"] == whole["disease"] | {"provisional": False}
    assert whole["caption"]["consistency"] == "agrees"
    assert data["caption"] == whole["caption"] | {"provisional": False}


def test_a_caption_before_the_disease_is_compared_with_none_yet(api: Api) -> None:
    graph = api.bench.cascade.graph
    free = tuple(replace(n, inputs={}) if n.name == "caption" else n for n in graph.nodes)
    api.bench.cascade.graph = replace(graph, nodes=free)
    api.bench.stages["disease"].seconds = 0.3
    data = dict(events(api))
    assert data["caption"]["provisional"]
    assert (data["caption"]["consistency"], data["caption"]["mentions"]) == ("unknown", [])
    assert data["answer"]["caption"]["consistency"] == "agrees"


def test_a_failed_stage_is_an_event_of_its_own(api: Api) -> None:
    api.bench.stages["caption"].error = Unavailable("the caption runner cannot be reached")
    data = dict(events(api))
    assert data["stage"]["name"] == "caption"
    assert data["stage"]["error"]["code"] == "unavailable"
    assert data["answer"]["status"] == "partial"


def test_nothing_at_all_ends_in_an_error_event(api: Api) -> None:
    for stage in api.bench.stages.values():
        stage.error = Unavailable("down")
    found = events(api, until="group")
    assert [name for name, _ in found] == ["stage", "error"]
    assert found[-1][1]["code"] == "unavailable"


def test_what_nobody_foresaw_ends_in_an_error_event(api: Api) -> None:
    class Broken(Observer):
        def stage_ended(self, *ended: object) -> None:
            raise OSError("no space left on device")

    api.bench.cascade.observer = Broken()
    told = {"error": "the server failed; its log says why", "code": "internal"}
    assert events(api) == [("error", told)]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [(b"", 400, "empty_image"), (b"no picture", 415, "unsupported_image")],
)
def test_what_is_wrong_before_the_first_event_has_its_own_status(
    api: Api, body: bytes, status: int, code: str
) -> None:
    answer = api.client.post("/diagnose/stream", files={"image": body})
    assert answer.status_code == status
    assert answer.json()["code"] == code


def test_the_headers_come_before_the_first_stage(api: Api) -> None:
    for stage in api.bench.stages.values():
        stage.seconds = 60
    began = time.monotonic()
    with api.client.stream("POST", "/diagnose/stream", files={"image": api.bench.image}) as answer:
        assert answer.status_code == 200
        assert time.monotonic() - began < 5


def test_a_stream_in_which_nothing_happens_has_a_pulse(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hangup, "PULSE_SECONDS", 0.05)
    api.bench.stages["disease"].seconds = 0.4
    answer = api.client.post("/diagnose/stream", files={"image": api.bench.image})
    blocks = answer.text.split("\n\n")
    assert blocks.count(": the stages are at work") >= 2
    with Client(api.url) as client:  # whose reader passes over them
        *_, last = client.stream(api.bench.image)
    assert last.name == "answer"
