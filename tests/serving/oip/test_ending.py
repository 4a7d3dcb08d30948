"""Each request of the protocol is told of once, by either door."""

import json
import logging
import queue
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.http as triton_http
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tritonclient.utils import InferenceServerException

from hikari_serve.errors import EngineFailed
from hikari_serve.serving.doorstep import Doorstep
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.oip.http.door import oip_routes
from hikari_serve.serving.request_id import tell_in_log
from hikari_serve.settings import Settings
from tests.serving.heard import Heard
from tests.serving.oip.conftest import Plane
from tests.serving.oip.grpc.calls import pictures, wanted
from tests.serving.oip.grpc.conftest import listening

INFER = "/v2/models/demo/infer"


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def http(plane: Plane, heard: Heard) -> Iterator[TestClient]:
    app = Starlette(routes=oip_routes())
    app.state.settings = Settings(max_image_bytes=100_000)
    app.state.dataplane = plane.plane
    with TestClient(Doorstep(app, observer=heard), base_url="http://localhost") as client:
        yield client


@pytest.fixture
def grpc(plane: Plane, heard: Heard) -> Iterator[triton.InferenceServerClient]:
    with (
        listening(plane, observer=heard) as address,
        triton.InferenceServerClient(address) as client,
    ):
        yield client


def alone(plane: Plane) -> list[triton.InferInput]:
    given = triton.InferInput("image", [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[plane.bench.image]], dtype=object))
    return [given]


def body(*images: bytes, request_id: str = "") -> tuple[bytes, dict[str, str]]:
    """A request over HTTP as Triton's client writes it."""
    given = triton_http.InferInput("image", [len(images)], "BYTES")
    given.set_data_from_numpy(np.array(images, dtype=object))
    content, length = triton_http.InferenceServerClient.generate_request_body(
        [given], request_id=request_id
    )
    return content, {"inference-header-content-length": str(length)}


def id_of(answer: Any) -> str:
    length = int(answer.headers["inference-header-content-length"])
    return str(json.loads(answer.content[:length])["id"])


def test_http_with_its_stages(http: TestClient, plane: Plane, heard: Heard) -> None:
    content, headers = body(plane.bench.image)
    answer = http.post(INFER, content=content, headers={**headers, "x-request-id": "r9"})
    assert answer.status_code == 200, answer.text
    end = heard.one()
    assert (end.door, end.outcome, end.cause, end.id) == ("oip_http", "complete", None, "r9")
    assert {each.stage for each in end.stages} == set(plane.bench.stages)


def test_http_refuses(http: TestClient, heard: Heard) -> None:
    content, headers = body(b"no picture")
    assert http.post(INFER, content=content, headers=headers).status_code == 400
    assert (heard.one().outcome, heard.one().cause) == ("error", "unsupported_image")


def test_what_asks_for_no_answer_is_not_told(http: TestClient, heard: Heard) -> None:
    for path in ("/v2", "/v2/health/live", "/v2/models/demo", "/v2/models/demo/config"):
        assert http.get(path).status_code == 200
    assert heard.ends == []


def test_grpc_with_its_stages(
    grpc: triton.InferenceServerClient, plane: Plane, heard: Heard
) -> None:
    grpc.infer("demo", pictures(plane.bench.image), headers={"x-request-id": "r9"})
    end = heard.one()
    assert (end.door, end.outcome, end.cause, end.id) == ("oip_grpc", "complete", None, "r9")
    assert {each.stage for each in end.stages} == set(plane.bench.stages)


def test_a_stage_alone(grpc: triton.InferenceServerClient, plane: Plane, heard: Heard) -> None:
    given = triton.InferInput("image", [1, 1], "BYTES")
    given.set_data_from_numpy(np.array([[plane.bench.image]], dtype=object))
    grpc.infer("demo_group", [given])
    assert (heard.one().door, heard.one().outcome) == ("oip_grpc", "complete")


def test_several_pictures_are_called_as_the_worst_of_them(
    grpc: triton.InferenceServerClient, plane: Plane, heard: Heard
) -> None:
    plane.bench.stages["disease"].error = EngineFailed("no")
    images = pictures(plane.bench.image, plane.bench.image)
    grpc.infer("demo", images, outputs=wanted("group.label"))
    end = heard.one()
    assert end.outcome == "partial"
    ran = {(each.stage, each.item) for each in end.stages}
    assert ran == {(stage, item) for stage in plane.bench.stages for item in (0, 1)}


def test_grpc_refuses(grpc: triton.InferenceServerClient, heard: Heard) -> None:
    with pytest.raises(InferenceServerException):
        grpc.infer("demo", pictures(b"no picture"))
    assert (heard.one().outcome, heard.one().cause) == ("error", "unsupported_image")


def test_who_has_no_key(plane: Plane, heard: Heard) -> None:
    with (
        listening(plane, observer=heard, keys=Keys({"k": "infer"})) as address,
        triton.InferenceServerClient(address) as client,
        pytest.raises(InferenceServerException),
    ):
        client.infer("demo", pictures(plane.bench.image))
    assert heard.one().cause == "unauthorized"


def test_each_request_of_a_stream(
    grpc: triton.InferenceServerClient, plane: Plane, heard: Heard
) -> None:
    told: queue.Queue[tuple[Any, Any]] = queue.Queue()
    grpc.start_stream(lambda result, error: told.put((result, error)))
    for image in (b"no picture", plane.bench.image):
        grpc.async_stream_infer("demo", pictures(image))
    ended = 0
    while ended < 2:
        result, error = told.get(timeout=10)
        last = error or result.get_response().parameters["triton_final_response"].bool_param
        ended += bool(last)
    grpc.stop_stream()
    assert sorted((end.outcome, end.cause or "") for end in heard.ends) == [
        ("complete", ""),
        ("error", "unsupported_image"),
    ]
    answered = next(end for end in heard.ends if end.outcome == "complete")
    assert answered.first_event is not None
    assert answered.first_event <= answered.seconds


def test_an_id_of_the_clients_own_is_that_of_the_log_over_http(
    http: TestClient, plane: Plane, heard: Heard
) -> None:
    content, headers = body(plane.bench.image, request_id="own")
    answer = http.post(INFER, content=content, headers={**headers, "x-request-id": "r9"})
    assert id_of(answer) == answer.headers["x-request-id"] == heard.one().id == "own"
    assert plane.bench.stages["group"].items[0].id == "own"


def test_an_id_that_the_log_may_not_quote_is_not(
    http: TestClient, plane: Plane, heard: Heard
) -> None:
    content, headers = body(plane.bench.image, request_id="two words")
    answer = http.post(INFER, content=content, headers={**headers, "x-request-id": "r9"})
    assert id_of(answer) == "two words"
    assert answer.headers["x-request-id"] == heard.one().id == "r9"


def test_ids_of_the_clients_own_are_those_of_the_log_over_grpc(
    grpc: triton.InferenceServerClient, plane: Plane, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    grpc.infer("demo", pictures(plane.bench.image), request_id="alone")
    plane.bench.stages["group"].error = ValueError("a mistake of ours")
    before = logging.getLogRecordFactory()
    tell_in_log()
    told: queue.Queue[Any] = queue.Queue()
    try:
        grpc.start_stream(lambda result, error: told.put(error))
        for name in ("first", "second"):
            grpc.async_stream_infer("demo_group", alone(plane), request_id=name)
        assert "stage group failed" in str(told.get(timeout=10))
        assert "stage group failed" in str(told.get(timeout=10))
        grpc.stop_stream()
    finally:
        logging.setLogRecordFactory(before)
    assert sorted(end.id for end in heard.ends) == ["alone", "first", "second"]
    logged = {
        line.rpartition("(request ")[2]
        for line in caplog.messages
        if line.startswith("stage group failed")
    }
    assert logged == {"first)", "second)"}
