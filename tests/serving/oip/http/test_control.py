"""Loads and unloads over HTTP: nothing is read where they are off, and little where they are on."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.serving.oip.conftest import Plane, over_http

LOAD = "/v2/repository/models/demo_group/load"


@pytest.fixture
def controlled(tmp_path: Path) -> Iterator[TestClient]:
    with over_http(Plane(tmp_path)) as client:
        yield client


@pytest.mark.parametrize("call", ["load", "unload"])
def test_models_stay_as_they_are_unless_control_is_on(http: TestClient, call: str) -> None:
    path = f"/v2/repository/models/demo_group/{call}"
    said = http.post(path)
    assert said.status_code == 501
    assert said.json() == {
        "error": "models are not loaded or unloaded by requests: HIKARI_MODEL_CONTROL=explicit "
        "allows it to keys of the scope `admin`",
        "code": "unsupported",
    }


@pytest.mark.parametrize(
    ("call", "body", "why"),
    [
        ("load", {"parameters": {"config": "{}"}}, "parameter 'config' overrides what lies in"),
        ("load", {"parameters": {"file:1/x": ""}}, "parameter 'file:1/x' overrides what lies in"),
        ("load", {"parameters": {"hurry": True}}, "unknown parameter 'hurry': a load has none"),
        ("unload", {"parameters": {"config": "{}"}}, "unknown parameter 'config'; there is unl"),
        ("unload", {"parameters": {"unload_dependents": True}}, "a model is unloaded alone"),
        ("load", {"parameters": []}, "whose `parameters` is an object"),
        ("load", [], "the body is a JSON object"),
    ],
)
def test_what_a_load_may_not_ask_for(
    controlled: TestClient, call: str, body: object, why: str
) -> None:
    said = controlled.post(f"/v2/repository/models/demo_group/{call}", json=body)
    assert said.status_code == 400
    assert why in said.json()["error"]


@pytest.mark.parametrize("body", [b"{", bytes(10**6)])
def test_what_is_off_reads_nothing(http: TestClient, body: bytes) -> None:
    assert http.post(LOAD, content=body).status_code == 501


@pytest.mark.parametrize(
    ("body", "headers", "status", "why"),
    [
        (b'{"x": [' + b"{}," * 100_000, {}, 413, "the body is larger than 64000 bytes"),
        (gzip.compress(bytes(10**6)), {"content-encoding": "gzip"}, 413, "larger than 64000 bytes"),
        (b"[" * 60_000, {}, 400, "nested deeper than 16 levels"),
        (b"{", {}, 400, "the body is not JSON"),
    ],
)
@pytest.mark.parametrize("path", [LOAD, "/v2/repository/index"])
def test_what_is_asked_besides_is_short(
    controlled: TestClient, path: str, body: bytes, headers: dict[str, str], status: int, why: str
) -> None:
    said = controlled.post(path, content=body, headers=headers)
    assert (said.status_code, why in said.json()["error"]) == (status, True), said.text
