"""Triton's own clients, unchanged, against the served demo: over HTTP and gRPC, every way to call."""

import asyncio
import json
import queue
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.grpc as over_grpc
import tritonclient.grpc.aio as over_grpc_aio
import tritonclient.http as over_http
import tritonclient.http.aio as over_http_aio

from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import Server

MODELS = ("demo", "demo_group", "demo_references", "demo_disease", "demo_caption")
COUNTED = ("success", "queue", "compute_input", "compute_infer", "compute_output")
DOORS = {"http": over_http, "grpc": over_grpc}


@pytest.fixture(scope="module", params=DOORS)
def client(request: pytest.FixtureRequest, server: Server) -> Iterator[Any]:
    address = server.grpc if request.param == "grpc" else server.url.removeprefix("http://")
    with DOORS[request.param].InferenceServerClient(address) as found:
        yield found


def tensor(module: Any, name: str, shape: list[int], datatype: str, values: list[Any]) -> Any:
    given = module.InferInput(name, shape, datatype)
    given.set_data_from_numpy(np.array(values, dtype=object).reshape(shape))
    return given


def module_of(client: Any) -> Any:
    return over_grpc if type(client).__module__.startswith("tritonclient.grpc") else over_http


def plain(message: Any) -> Any:
    """What a client tells of a model, whichever door it came by."""
    if isinstance(message, dict):
        return message
    from google.protobuf import json_format

    return json_format.MessageToDict(message, preserving_proto_field_name=True)


@pytest.mark.parametrize("name", MODELS)
def test_each_model_is_asked_from_its_own_metadata(
    client: Any, name: str, drawings: list[Drawing]
) -> None:
    module, image = module_of(client), png(drawings[0].image)
    assert client.is_model_ready(name)
    metadata = plain(client.get_model_metadata(name))
    config = plain(client.get_model_config(name))
    config = config.get("config", config)
    optional = {each["name"] for each in config["input"] if each.get("optional")}
    inputs = [
        tensor(
            module,
            each["name"],
            [2 if int(length) == -1 else int(length) for length in each["shape"]],
            each["datatype"],
            [image, image],
        )
        for each in metadata["inputs"]
        if each["name"] not in optional
    ]
    outputs = [module.InferRequestedOutput(each["name"]) for each in metadata["outputs"]]
    for asked in (outputs, None):
        answer = client.infer(name, inputs, outputs=asked)
        for each in metadata["outputs"]:
            found = answer.as_numpy(each["name"])
            assert found.shape[0] == 2
            assert found.ndim == len(each["shape"])
            for told, length in zip(each["shape"], found.shape, strict=True):
                assert int(told) in (-1, length)
        assert not any(answer.as_numpy("error").flatten())


def test_answers_are_those_of_diagnose(
    client: Any, server: Server, drawings: list[Drawing]
) -> None:
    module = module_of(client)
    images = [png(each.image) for each in drawings[:4]]
    answer = client.infer("demo", [tensor(module, "image", [4], "BYTES", images)])
    for at, image in enumerate(images):
        told = httpx.post(f"{server.url}/diagnose", files={"image": image}, timeout=60).json()
        for stage in ("group", "disease"):
            label = told[stage]["label"] or "unknown"
            assert answer.as_numpy(f"{stage}.label")[at].decode() == label
            assert answer.as_numpy(f"{stage}.decision")[at].decode() == told[stage]["decision"]
            probability = answer.as_numpy(f"{stage}.probability")[at]
            assert probability == pytest.approx(told[stage]["probability"], abs=1e-5)
        assert answer.as_numpy("caption.text")[at].decode() == told["caption"]["text"]
        whole = json.loads(answer.as_numpy("answer")[at])
        assert whole["disease"]["label"] == told["disease"]["label"]
        assert whole["provenance"] == told["provenance"]


def test_a_model_alone_answers_as_in_the_cascade(
    client: Any, server: Server, drawings: list[Drawing]
) -> None:
    module, image = module_of(client), png(drawings[1].image)
    told = httpx.post(f"{server.url}/diagnose", files={"image": image}, timeout=60).json()
    picture = tensor(module, "image", [1, 1], "BYTES", [image])
    group = client.infer("demo_group", [picture])
    assert group.as_numpy("label")[0, 0].decode() == (told["group"]["label"] or "unknown")
    scores = group.as_numpy("scores")[0]
    assert sorted(scores)[::-1] == pytest.approx(list(told["group"]["scores"].values()), abs=1e-5)
    cases = client.infer("demo_references", [picture]).as_numpy("cases")
    assert [each.decode() for each in cases[0]] == [each["id"] for each in told["references"]]
    given = [picture, tensor(module, "references", list(cases.shape), "BYTES", list(cases[0]))]
    if told["group"]["label"]:
        given.append(tensor(module, "group", [1, 1], "BYTES", [told["group"]["label"].encode()]))
    disease = client.infer("demo_disease", given)
    assert disease.as_numpy("scores").max() == pytest.approx(
        told["disease"]["probability"], abs=1e-5
    )
    top = [module.InferRequestedOutput("scores", class_count=2)]
    classes = client.infer("demo_group", [picture], outputs=top).as_numpy("scores")
    assert classes.shape == (1, 2)
    score, index, _ = classes[0, 0].decode().split(":")
    assert float(score) == pytest.approx(scores[int(index)], abs=1e-5)


def test_statistics_and_index(client: Any) -> None:
    index = client.get_model_repository_index()
    rows = index if isinstance(index, list) else plain(index)["models"]
    ready = {each["name"] for each in rows if each["state"] == "READY"}
    assert ready == set(MODELS)
    for name in MODELS:
        (row,) = plain(client.get_inference_statistics(name))["model_stats"]
        counts = {each: int(row["inference_stats"][each]["count"]) for each in COUNTED}
        assert counts["success"] > 0
        assert len(set(counts.values())) == 1  # or perf_analyzer ends


def test_statistics_are_of_a_model_by_whatever_door(
    client: Any, server: Server, drawings: list[Drawing]
) -> None:
    image = png(drawings[4].image)

    def counts() -> dict[str, int]:
        rows = {name: plain(client.get_inference_statistics(name)) for name in MODELS}
        return {
            name: int(row["model_stats"][0]["inference_stats"]["success"]["count"])
            for name, row in rows.items()
        }

    before = counts()
    httpx.post(f"{server.url}/diagnose", files={"image": image}, timeout=60).raise_for_status()
    models = {name: counted + 1 for name, counted in before.items()}
    assert counts() == {**models, "demo": before["demo"]}  # a cascade's are of this door
    client.infer("demo", [tensor(module_of(client), "image", [1], "BYTES", [image])])
    assert counts() == {name: counted + 2 for name, counted in before.items()} | {
        "demo": before["demo"] + 1
    }


def test_a_stream_tells_each_stage_and_the_words(server: Server, drawings: list[Drawing]) -> None:
    heard: queue.Queue[tuple[Any, Any]] = queue.Queue()
    with over_grpc.InferenceServerClient(server.grpc) as client:
        client.start_stream(lambda result, error: heard.put((result, error)))
        image = tensor(over_grpc, "image", [1], "BYTES", [png(drawings[2].image)])
        client.async_stream_infer("demo", [image], enable_empty_final_response=True)
        parts: list[Any] = []
        while (
            not parts or not parts[-1].get_response().parameters["triton_final_response"].bool_param
        ):
            result, error = heard.get(timeout=60)
            assert error is None
            parts.append(result)
        client.stop_stream()
    *parts, last = parts
    ended = [
        each.get_response().parameters["stage"].string_param
        for each in parts
        if not each.get_response().parameters["words"].bool_param
    ]
    assert ended == ["group", "disease", "caption"]
    words = [
        each.as_numpy("caption.text")[0].decode()
        for each in parts
        if each.get_response().parameters["words"].bool_param
    ]
    assert len(words) > 1
    assert "".join(words).strip() == last.as_numpy("caption.text")[0].decode()


def test_both_async_clients(server: Server, drawings: list[Drawing]) -> None:
    image = png(drawings[3].image)

    async def ask(module: Any, base: Any, address: str) -> list[bytes]:
        async with module.InferenceServerClient(address) as client:
            given = tensor(base, "image", [1], "BYTES", [image])
            answers = await asyncio.gather(*(client.infer("demo", [given]) for _ in range(4)))
            return [each.as_numpy("disease.label")[0] for each in answers]

    async def stream() -> list[bytes]:
        async with over_grpc_aio.InferenceServerClient(server.grpc) as client:

            async def asked() -> Any:
                for number in range(2):
                    given = tensor(over_grpc, "image", [1], "BYTES", [image])
                    yield {"model_name": "demo", "inputs": [given], "request_id": str(number)}

            found = []
            async for result, error in client.stream_infer(asked()):
                assert error is None
                if result.get_response().parameters["triton_final_response"].bool_param:
                    found.append(result.as_numpy("disease.label")[0])
            return found

    by_grpc = asyncio.run(ask(over_grpc_aio, over_grpc, server.grpc))
    by_http = asyncio.run(ask(over_http_aio, over_http, server.url.removeprefix("http://")))
    assert len(set(by_grpc + by_http + asyncio.run(stream()))) == 1


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_both_ways(server: Server, drawings: list[Drawing], coding: str) -> None:
    image = png(drawings[0].image)
    with over_http.InferenceServerClient(server.url.removeprefix("http://")) as client:
        answer = client.infer(
            "demo",
            [tensor(over_http, "image", [1], "BYTES", [image])],
            request_compression_algorithm=coding,
            response_compression_algorithm=coding,
        )
        assert json.loads(answer.as_numpy("answer")[0])["status"] in ("complete", "abstained")
    with over_grpc.InferenceServerClient(server.grpc) as client:
        given = [tensor(over_grpc, "image", [1], "BYTES", [image])]
        client.infer("demo", given, compression_algorithm=coding)
