"""What `/diagnose` takes, and what it says to what it does not take."""

import base64
import logging
import re
from typing import Any

import pytest

from hikari_serve.errors import QueueFull, Unavailable
from hikari_serve.serving.request_id import tell_in_log
from tests.serving.conftest import Api


def test_three_ways_to_send_a_picture_give_one_answer(api: Api) -> None:
    image = api.bench.image
    answers = [
        api.client.post("/diagnose", files={"image": image}, data={"top_k": "1"}),
        api.client.post("/diagnose?top_k=1", content=image, headers={"content-type": "image/png"}),
        api.client.post("/diagnose", json={"image": base64.b64encode(image).decode(), "top_k": 1}),
    ]
    bodies = [answer.json() for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert {body["disease"]["label"] for body in bodies} == {"sccis"}
    assert {len(body["disease"]["differential"]) for body in bodies} == {1}


def test_options_reach_the_cascade(api: Api) -> None:
    form = {"until": "disease", "references": "2", "timeout_ms": "900", "priority": "2"}
    body = api.client.post("/diagnose", files={"image": api.bench.image}, data=form).json()
    assert body["caption"] is None
    item = api.bench.stages["references"].items[0]
    assert (item.cases, item.priority) == (2, 2)


def test_the_request_id_is_the_callers(api: Api) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"x-request-id": "visit-7", "traceparent": trace}
    body = api.client.post("/diagnose", files={"image": api.bench.image}, headers=headers).json()
    assert body["id"] == "visit-7"
    assert api.bench.stages["group"].items[0].traceparent == trace


@pytest.mark.parametrize(
    "trace",
    [
        "1-1-1-1",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
    ],
)
def test_what_is_no_trace_context_goes_no_further(api: Api, trace: str) -> None:
    headers = {"traceparent": trace}
    api.client.post("/diagnose", files={"image": api.bench.image}, headers=headers)
    assert api.bench.stages["group"].items[0].traceparent is None


@pytest.mark.parametrize(
    ("sent", "status", "code", "says"),
    [
        ({"data": {"top_k": "3"}, "files": {"other": b"x"}}, 400, "invalid_input", "`image`"),
        ({"files": {"image": b""}}, 400, "empty_image", "empty"),
        ({"files": {"image": b"GIF89a..."}}, 422, "truncated_image", "GIF"),
        (
            {"content": b"hello", "headers": {"content-type": "image/png"}},
            415,
            "unsupported_image",
            "no picture",
        ),
        (
            {"content": b"hello", "headers": {"content-type": "text/plain"}},
            415,
            "unsupported_media",
            "text/plain",
        ),
        ({"content": b"hello"}, 415, "unsupported_media", "multipart/form-data"),
        ({"json": {"image": "%%%"}}, 400, "invalid_input", "base64"),
        ({"json": ["image"]}, 400, "invalid_input", "object"),
        (
            {"content": b"{", "headers": {"content-type": "application/json"}},
            400,
            "invalid_input",
            "not JSON",
        ),
        (
            {"content": b"x" * 200_000, "headers": {"content-type": "image/png"}},
            413,
            "too_large",
            "100000 bytes",
        ),
        (
            {"content": b"--x", "headers": {"content-type": "multipart/form-data"}},
            400,
            "invalid_input",
            "multipart",
        ),
    ],
)
def test_what_is_wrong_is_named(
    api: Api, sent: dict[str, Any], status: int, code: str, says: str
) -> None:
    answer = api.client.post("/diagnose", **sent)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert says in answer.json()["error"]
    assert api.client.post("/diagnose", files={"image": api.bench.image}).status_code == 200


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (
            {"until": "biopsy"},
            "until is 'biopsy', but this cascade has group, references, disease, caption",
        ),
        ({"top_k": "0"}, "top_k: .*greater than or equal to 1, not '0'"),
        ({"description": "red"}, "cascade 'demo' compares no description"),
        ({"references": "9"}, "references: .*less than or equal to 3"),
        ({"timeout_ms": "soon"}, "timeout_ms: .*integer.*not 'soon'"),
        ({"priority": "10"}, "priority: "),
        ({"topk": "3"}, "unknown field 'topk'; there are image, until, description"),
    ],
)
def test_a_wrong_option_is_named(api: Api, form: dict[str, str], says: str) -> None:
    answer = api.client.post("/diagnose", files={"image": api.bench.image}, data=form)
    assert answer.status_code == 400
    assert re.search(says, answer.json()["error"])


def test_an_option_is_given_once(api: Api) -> None:
    sent = {"files": {"image": api.bench.image}, "data": {"top_k": "3"}}
    answer = api.client.post("/diagnose?top_k=2", **sent)  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert "both" in answer.json()["error"]


def test_a_shed_request_says_when_to_come_back(api: Api) -> None:
    for stage in api.bench.stages.values():
        stage.error = QueueFull("128 requests are waiting already", retry_after=2.3)
    answer = api.client.post("/diagnose", files={"image": api.bench.image})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"


def test_what_was_finished_is_returned_with_the_cause(api: Api) -> None:
    api.bench.stages["disease"].error = Unavailable("the disease runner cannot be reached")
    answer = api.client.post("/diagnose", files={"image": api.bench.image})
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "partial"
    assert body["group"]["label"] == "malignant"
    errors = {stage["name"]: stage["error"] for stage in body["stages"] if stage["error"]}
    assert errors["disease"]["code"] == "unavailable"


def test_when_nothing_answers_the_status_is_the_cause(api: Api) -> None:
    for stage in api.bench.stages.values():
        stage.error = Unavailable("down")
    assert api.client.post("/diagnose", files={"image": api.bench.image}).status_code == 503
    for stage in api.bench.stages.values():
        stage.error, stage.seconds = None, 60
    form = {"timeout_ms": "100"}
    late = api.client.post("/diagnose", files={"image": api.bench.image}, data=form)
    assert late.status_code == 504


def test_the_description_lists_every_option_and_answer_field(api: Api) -> None:
    described = api.client.get("/docs.json").json()
    form = described["paths"]["/diagnose"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert set(form["schema"]["properties"]) == {
        "image",
        "until",
        "top_k",
        "description",
        "references",
        "timeout_ms",
        "priority",
        "format",
    }
    answer = api.client.post("/diagnose", files={"image": api.bench.image}).json()
    assert set(described["components"]["schemas"]["Answer"]["properties"]) == set(answer)


def test_a_stage_that_fails_is_one_line_with_the_requests_id(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    api.bench.stages["caption"].error = Unavailable("its runner\nis gone")
    headers = {"x-request-id": "visit-7"}
    before = logging.getLogRecordFactory()
    tell_in_log()
    try:
        api.client.post("/diagnose", files={"image": api.bench.image}, headers=headers)
    finally:
        logging.setLogRecordFactory(before)
    warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert warned == ["stage caption: its runner\\nis gone (request visit-7)"]


PNG = {"content-type": "image/png"}


@pytest.mark.parametrize(
    ("path", "sent", "status", "says"),
    [
        ("/diagnose?top_k=1&top_k=2", {"headers": PNG}, 400, "top_k is given twice"),
        ("/diagnose?image=x", {"headers": PNG}, 400, "a picture cannot be in the query"),
        ("/diagnose", {"headers": {**PNG, "content-encoding": "gzip"}}, 415, "'gzip' is not read"),
        ("/nowhere", {}, 404, "there is no POST /nowhere here"),
        ("/docs.json", {}, 405, "POST /docs.json is not served; this path takes GET"),
    ],
)
def test_what_http_lets_people_send(
    api: Api, path: str, sent: dict[str, Any], status: int, says: str
) -> None:
    response = api.client.post(path, content=api.bench.image, **sent)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    assert says in response.json()["error"]
    assert response.json()["code"]


@pytest.mark.parametrize("path", ["/diagnose", "/diagnose/stream"])
def test_what_nobody_foresaw_is_json_too_and_says_nothing_of_the_inside(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("hikari_serve.serving.diagnose.door.read_request", fail)
    response = api.client.post(path, files={"image": api.bench.image})
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert response.json()["error"] == "the server failed; its log says why"
    monkeypatch.undo()
    assert api.client.post(path, files={"image": api.bench.image}).status_code == 200


def test_an_image_that_is_text_is_told(api: Api) -> None:
    response = api.client.post("/diagnose", files={"other": (None, "x"), "image": (None, "abc")})
    assert response.status_code == 400
    assert "came as text; send it as a file" in response.json()["error"]


def test_an_empty_option_is_none(api: Api) -> None:
    form = {"top_k": "", "until": "", "description": ""}
    response = api.client.post("/diagnose?priority=", files={"image": api.bench.image}, data=form)
    assert response.status_code == 200, response.text
    assert response.json()["caption"] is not None


def test_an_empty_option_of_json_is_none(api: Api) -> None:
    image = base64.b64encode(api.bench.image).decode()
    for empty in ("", None):
        body = dict.fromkeys(("until", "top_k", "description", "format", "priority"), empty)
        response = api.client.post("/diagnose?top_k=1", json={"image": image, **body})
        assert response.status_code == 200, response.text
        assert len(response.json()["disease"]["differential"]) == 1


def test_a_method_that_is_not_served_names_those_that_are(api: Api) -> None:
    for method in ("GET", "OPTIONS", "DELETE"):
        response = api.client.request(method, "/diagnose")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert response.json()["code"] == "method_not_allowed"


def test_a_slash_at_the_end_changes_nothing(api: Api) -> None:
    for path in ("/diagnose/", "/diagnose//", "/diagnose/?top_k=1"):
        response = api.client.post(path, files={"image": api.bench.image})
        assert response.status_code == 200
        assert response.json()["status"] == "complete"
    for path in ("/docs.json/", "//"):
        assert api.client.get(path).status_code == 200


def test_head_is_get_without_the_body(api: Api) -> None:
    for path in ("/", "/docs.json"):
        response = api.client.head(path)
        assert (response.status_code, response.content) == (200, b"")
        assert int(response.headers["content-length"]) > 1000
    assert api.client.head("/diagnose").status_code == 405
