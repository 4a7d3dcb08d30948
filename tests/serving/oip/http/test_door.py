"""`/v2` over HTTP: every body is an answer or a sentence with the protocol's status."""

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from hikari_serve.errors import DeadlineExceeded, QueueFull, Unavailable
from hikari_serve.serving.oip.http.door import MODEL, UNSUPPORTED
from hikari_serve.serving.oip.tensors import Tensor, encode
from tests.serving.oip.conftest import Plane

HEADER = "inference-header-content-length"


def asked(size: int, shape: list[int], **more: Any) -> dict[str, Any]:
    image = {"name": "image", "shape": shape, "datatype": "BYTES"}
    return {"inputs": [{**image, "parameters": {"binary_data_size": size}}], **more}


def binary(*images: bytes, **more: Any) -> tuple[bytes, dict[str, str]]:
    data = encode(Tensor("image", "BYTES", (len(images),), list(images)))
    text = json.dumps(asked(len(data), [len(images)], **more)).encode()
    return text + data, {HEADER: str(len(text))}


def infer(http: TestClient, body: bytes, headers: dict[str, str], model: str = "demo") -> Any:
    return http.post(f"/v2/models/{model}/infer", content=body, headers=headers)


def outputs(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    return {each["name"]: each for each in answer.json()["outputs"]}


def test_a_picture_in_binary_is_answered_in_json(http: TestClient, plane: Plane) -> None:
    answer = infer(http, *binary(plane.bench.image, id="r-1"))
    found = outputs(answer)
    assert found["disease.label"] == {
        "name": "disease.label",
        "datatype": "BYTES",
        "shape": [1],
        "data": ["sccis"],
    }
    assert answer.json()["id"] == "r-1"
    assert json.loads(found["answer"]["data"][0])["id"] == "r-1"
    assert answer.headers["content-type"] == "application/json"


def test_outputs_come_in_binary_where_they_are_asked_for_so(http: TestClient, plane: Plane) -> None:
    wanted = [
        {"name": "group.probability", "parameters": {"binary_data": True}},
        {"name": "group.label"},
        {"name": "caption.text", "parameters": {"binary_data": True}},
    ]
    answer = infer(http, *binary(plane.bench.image, outputs=wanted))
    length = int(answer.headers[HEADER])
    told = json.loads(answer.content[:length])["outputs"]
    assert [each["name"] for each in told] == ["group.probability", "group.label", "caption.text"]
    assert told[1]["data"] == ["malignant"]
    probability, text = answer.content[length : length + 4], answer.content[length + 4 :]
    assert probability == b"\x33\x33\x33\x3f"
    assert text[4:].decode().startswith("A red plaque")
    assert told[2]["parameters"]["binary_data_size"] == len(text)

    every = infer(http, *binary(plane.bench.image, parameters={"binary_data_output": True}))
    told = json.loads(every.content[: int(every.headers[HEADER])])["outputs"]
    assert all("data" not in each for each in told)


@pytest.mark.parametrize("slash", ["/", r"\/"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_a_picture_in_base64_is_one_in_json(
    http: TestClient, plane: Plane, encode: Callable[[bytes], bytes], slash: str
) -> None:
    image = {"name": "image", "shape": [2], "datatype": "BYTES"}
    picture = plane.bench.image + bytes(90_000)  # long enough to be cut out, and still a picture
    text = [encode(each).decode() for each in (picture, plane.bench.image)]
    body = {"inputs": [{**image, "parameters": {"content_type": "base64"}, "data": text}]}
    written = json.dumps(body).replace("/", slash)
    found = outputs(infer(http, written.encode(), {}))
    assert found["disease.label"]["data"] == ["sccis", "sccis"]


def test_null_is_as_good_as_nothing(http: TestClient, plane: Plane) -> None:
    picture = base64.b64encode(plane.bench.image).decode()
    image = {"name": "image", "shape": [1], "datatype": "BYTES", "data": [picture]}
    left_out = dict.fromkeys(("id", "model_name", "outputs", "parameters"))
    body = {"inputs": [{**image, "parameters": {"content_type": "base64"}}], **left_out}
    assert "disease.label" in outputs(infer(http, json.dumps(body).encode(), {}))
    wanted = [{"name": "group.label", "parameters": None}]
    answer = infer(http, json.dumps({**body, "outputs": wanted}).encode(), {})
    assert list(outputs(answer)) == ["group.label"]


def test_a_missing_number_is_null(http: TestClient) -> None:
    names = [{"name": name} for name in ("group.probability", "error")]
    found = outputs(infer(http, *binary(b"no picture", outputs=names)))
    assert found["group.probability"]["data"] == [None]
    assert json.loads(found["error"]["data"][0])["code"] == "unsupported_image"


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_bodies_are_compressed_both_ways(
    http: TestClient, plane: Plane, coding: str, compress: Any
) -> None:
    body, headers = binary(plane.bench.image)
    coded = {**headers, "content-encoding": coding, "accept-encoding": coding}
    answer = infer(http, compress(body), coded)
    assert answer.headers["content-encoding"] == coding
    assert outputs(answer)["disease.label"]["data"] == ["sccis"]
    plain = infer(http, compress(body), {**coded, "accept-encoding": "br"})
    assert "content-encoding" not in plain.headers


def test_what_there_is_to_ask(http: TestClient) -> None:
    assert http.get("/v2").json()["name"] == "hikari-serve"
    assert http.get("/v2/health/live").status_code == 200
    assert http.get("/v2/health/ready").json() == {"ready": True}
    assert http.get("/v2/models/demo/ready").status_code == 200
    assert http.get("/v2/models/demo_group/ready").status_code == 503  # scripted: none is hosted
    metadata = http.get("/v2/models/demo/versions/1").json()
    assert metadata["inputs"][0] == {"name": "image", "datatype": "BYTES", "shape": [-1]}
    config = http.get("/v2/models/demo_group/config").json()
    assert config["max_batch_size"] == 16
    assert config["input"][0]["dims"] == [1]
    assert config["dynamic_batching"]["default_queue_policy"]["max_queue_size"] == 128
    (row,) = http.get("/v2/models/demo/stats").json()["model_stats"]
    assert set(row["inference_stats"]) >= {"success", "fail", "queue", "cache_hit"}
    assert len(http.get("/v2/models/stats").json()["model_stats"]) == 5
    assert {"name": "demo", "version": "1", "state": "READY", "reason": ""} in http.post(
        "/v2/repository/index"
    ).json()
    (ready,) = http.post("/v2/repository/index", json={"ready": True}).json()
    assert ready["name"] == "demo"


@pytest.mark.parametrize("path", UNSUPPORTED)
@pytest.mark.parametrize("model", MODEL)
def test_the_rest_of_tritons_surface_is_refused_with_a_sentence(
    http: TestClient, path: str, model: str
) -> None:
    asked = path.replace(MODEL[0], model).replace("{rest:path}", "status")
    answer = http.post(asked.replace("{model}", "demo").replace("{version}", "1"))
    assert answer.status_code == 501
    assert answer.json() == {"error": UNSUPPORTED[path], "code": "unsupported"}


def json_body(**changed: Any) -> bytes:
    image = {"name": "image", "shape": [1], "datatype": "BYTES", "data": ["x"], **changed}
    return json.dumps({"inputs": [image]}).encode()


MANY = json.dumps([0] * 40_000).encode()


@pytest.mark.parametrize(
    ("body", "headers", "status", "message"),
    [
        (b"", {}, 400, "the body is not JSON"),
        (b"{", {}, 400, "the body is not JSON"),
        (b"[]", {}, 400, "the body: "),
        (b"{}", {}, 400, "inputs: Field required"),
        (b'{"inputs": [], "input": []}', {}, 400, "input: Extra inputs are not permitted"),
        (b"[" * 60_000, {}, 400, "nested deeper than 16 levels"),
        (MANY, {}, 413, "besides the pictures the JSON may have 64000 bytes"),
        (b'{"inputs": null}', {}, 400, "inputs: Field required"),
        (b'{"inputs": [], "colour": null}', {}, 400, "colour: Extra inputs are not permitted"),
        (json_body(parameters=None), {}, 400, "this is no picture"),
        (json_body(data=["x", "y"]), {}, 400, "its shape [1] has 1 elements, but its data 2"),
        (json_body(data=[7]), {}, 400, "an element of BYTES is a string, not 7"),
        (json_body(data=None), {}, 400, "has neither `data` nor `binary_data_size`"),
        (json_body(shape=[-1]), {}, 400, "has a length below 0"),
        (json_body(shape=[10_000]), {}, 400, "more than 4096 elements"),
        (json_body(shape=[0, 10**200]), {}, 400, f"its shape [0, 1{'0' * 95}… has 0 elements, but its data 1"),
        (json_body(shape=[0, 10**200], data=[]), {}, 400, f"is BYTES, not [0, 1{'0' * 95}…"),
        (json_body(shape=["1"]), {}, 400, "inputs.0.shape.0: Input should be a valid integer"),
        (json_body(shape=[True]), {}, 400, "inputs.0.shape.0: Input should be a valid integer"),
        (json_body(datatype="BYTE"), {}, 400, "data type 'BYTE' is none of BYTES, FP32, INT32"),
        (json_body(datatype="FP32"), {}, 400, "input 'image': x is no FP32"),
        (json_body(datatype="FP32", data=[1.5]), {}, 400, "input 'image' is BYTES, not FP32"),
        (json_body(datatype="INT32", data=[2**31]), {}, 400, "2147483648 is no INT32"),
        (json_body(data=["\ud800"]), {}, 400, "a string is no UTF-8"),
        (json_body(parameters={"content_type": "hex"}), {}, 400, "content_type is base64, not 'hex'"),
        (json_body(parameters={"content_type": "base64"}), {}, 400, "image is not base64"),
        (json_body(parameters={"shared_memory_region": "a"}), {}, 400, "shared memory is not offered"),
        (json_body(parameters={"colour": "a"}), {}, 400, "unknown parameter 'colour'"),
        (json_body(data=["no picture"]), {}, 400, "this is no picture"),
        (json.dumps(asked(9, [1])).encode(), {}, 400, "binary_data_size is 9, but 0 bytes"),
        (json.dumps(asked(-1, [1])).encode(), {}, 400, "binary_data_size is a number of bytes"),
        (json.dumps(asked(0, [1])).encode(), {}, 400, "1 elements, but its data ends after 0"),
        (b"{}", {HEADER: "3"}, 400, "is '3', but the body has 2 bytes"),
        (b"{}", {HEADER: "-1"}, 400, "is '-1'"),
        (b"{}", {HEADER: "9" * 99}, 400, "but the body has 2 bytes"),
        (b'{"inputs": []}....', {HEADER: "14"}, 400, "4 bytes of binary data are behind"),
        (b"{}", {"content-encoding": "br"}, 400, "content encoding 'br' is not read here"),
        (b"{}", {"content-encoding": "gzip"}, 400, "the body is no gzip"),
        (gzip.compress(b"{}" * 99, mtime=0)[:20], {"content-encoding": "gzip"}, 400, "is truncated"),
        (gzip.compress(bytes(10**7), mtime=0), {"content-encoding": "gzip"}, 413, "the body is larger than"),
        (bytes(10**6), {}, 413, "the body is larger than"),
    ],
)  # fmt: skip
def test_bad_bodies_are_named(
    http: TestClient, body: bytes, headers: dict[str, str], status: int, message: str
) -> None:
    answer = infer(http, body, headers)
    assert (answer.status_code, message in answer.json()["error"]) == (status, True), answer.text
    assert list(answer.json()) == ["error", "code"]
    assert (
        answer.json()["code"]
        in {
            400: ("invalid_input", "unsupported_image", "unsupported_media"),
            413: ("too_large",),
        }[status]
    )


@pytest.mark.parametrize(
    ("path", "method", "status", "message"),
    [
        ("/v2/models/dem/infer", "POST", 404, "did you mean 'demo'?"),
        ("/v2/models/demo/versions/9/infer", "POST", 404, "version 9 of model 'demo'"),
        ("/v2/models/demo/versions/9/stats", "GET", 404, "version 9 of model 'demo'"),
        ("/v2/models/dem/ready", "GET", 404, "did you mean 'demo'?"),
        ("/v2/models/demo/infer", "GET", 404, "there is no 'GET /v2/models/demo/infer' here"),
        ("/v2/nowhere", "DELETE", 404, "there is no 'DELETE /v2/nowhere' here"),
    ],
)
def test_paths_that_lead_nowhere(
    http: TestClient, plane: Plane, path: str, method: str, status: int, message: str
) -> None:
    body, headers = binary(plane.bench.image)
    answer = http.request(method, path, content=body, headers=headers)
    assert answer.status_code == status
    assert message in answer.json()["error"]
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["", "/ready", "/config", "/stats", "/infer"])
def test_a_path_of_a_model_exists_with_its_version(
    http: TestClient, plane: Plane, path: str
) -> None:
    body, headers = binary(plane.bench.image)

    def ask(model: str) -> Any:
        if path == "/infer":
            return http.post(f"/v2/models/{model}{path}", content=body, headers=headers)
        return http.get(f"/v2/models/{model}{path}")

    answer, other = ask("demo/versions/1"), ask("demo/versions/9")
    assert answer.status_code == 200
    assert set(answer.json()) == set(ask("demo").json())
    assert (other.status_code, other.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unavailable("down", retry_after=2), 503),
        (QueueFull("full", retry_after=2), 429),
        (DeadlineExceeded("late", retry_after=2), 504),
    ],
)
def test_what_a_stage_says_has_its_status(
    http: TestClient, plane: Plane, error: Any, status: int
) -> None:
    for stage in plane.bench.stages.values():
        stage.error = error
    answer = infer(http, *binary(plane.bench.image))
    assert answer.status_code == status
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["code"] == error.code


def test_a_failure_of_the_server_has_a_code(
    http: TestClient, plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plane.bench.cascade, "run", None)
    answer = infer(http, *binary(plane.bench.image))
    assert answer.status_code == 500
    assert answer.json() == {"error": "the server failed; its log says why", "code": "internal"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=400),
    st.one_of(st.none(), st.integers(-2, 500).map(str), st.text("019.-", max_size=4)),
)
def test_no_body_is_a_failure_of_the_server(
    http: TestClient, body: bytes, length: str | None
) -> None:
    answer = infer(http, body, {} if length is None else {HEADER: length})
    assert answer.status_code == 400
    assert answer.json()["error"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(-5, 60), st.lists(st.integers(-1, 3), max_size=2), st.binary(max_size=40))
def test_no_binary_data_is_a_failure_of_the_server(
    http: TestClient, size: int, shape: list[int], data: bytes
) -> None:
    text = json.dumps(asked(size, shape)).encode()
    answer = infer(http, text + data, {HEADER: str(len(text))})
    assert answer.status_code == 400
    assert answer.json()["error"]
