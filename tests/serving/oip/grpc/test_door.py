"""The gRPC door: the data plane's answers, and its errors by their codes with what to do."""

import asyncio
import queue
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException

from hikari_serve.errors import (
    DeadlineExceeded,
    EngineFailed,
    HikariError,
    QueueFull,
    Unavailable,
)
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.oip.grpc.servicer import UNSUPPORTED
from tests.serving.oip.conftest import Plane
from tests.serving.oip.grpc.calls import message_of, pictures, raw, refused
from tests.serving.oip.grpc.conftest import listening


def test_what_there_is_to_ask(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("demo")
    assert client.is_model_ready("demo", "1")
    assert not client.is_model_ready("nope")
    assert not client.is_model_ready("demo", "2")
    assert client.get_server_metadata().name == "hikari-serve"
    metadata = client.get_model_metadata("demo_group")
    assert [(each.name, each.datatype, list(each.shape)) for each in metadata.inputs] == [
        ("image", "BYTES", [-1, 1])
    ]
    assert client.get_model_config("demo_group").config.max_batch_size == 16
    index = {each.name: each for each in client.get_model_repository_index().models}
    assert (index["demo"].state, index["demo"].version) == ("READY", "1")
    assert (index["sirius"].state, index["sirius"].reason) == ("UNAVAILABLE", "it is not loaded")


def test_pictures_are_answered(client: triton.InferenceServerClient, plane: Plane) -> None:
    image = plane.bench.image
    answer = client.infer("demo", pictures(image, image), request_id="r-1")
    assert list(answer.as_numpy("disease.label")) == [b"sccis", b"sccis"]
    assert answer.as_numpy("group.probability").tolist() == pytest.approx([0.7, 0.7])
    assert answer.get_response().id == "r-1"
    assert plane.bench.stages["group"].items[0].id == "r-1"
    (row,) = client.get_inference_statistics("demo").model_stats
    assert (row.inference_count, row.inference_stats.success.count) == (2, 2)


def test_compressed_calls_are_read(client: triton.InferenceServerClient, plane: Plane) -> None:
    for coding in ("gzip", "deflate"):
        answer = client.infer("demo", pictures(plane.bench.image), compression_algorithm=coding)
        assert list(answer.as_numpy("disease.label")) == [b"sccis"]


def test_typed_contents_are_read(address: str, plane: Plane) -> None:
    message = pb.ModelInferRequest(model_name="demo")
    message.inputs.add(name="image", datatype="BYTES", shape=[1]).contents.bytes_contents.append(
        plane.bench.image
    )
    references = message.inputs.add(name="references", datatype="INT32", shape=[1])
    references.contents.int_contents.append(0)
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        answer = stub.ModelInfer(message)
        assert answer.outputs[0].name == "group.label"
        assert len(answer.raw_output_contents) == len(answer.outputs)
    assert plane.bench.stages["disease"].items[0].inputs == {"group": "malignant"}
    assert not plane.bench.stages["references"].items


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unavailable("down", retry_after=2.5), "UNAVAILABLE"),
        (QueueFull("full", retry_after=1.0), "RESOURCE_EXHAUSTED"),
        (DeadlineExceeded("late"), "DEADLINE_EXCEEDED"),
        (EngineFailed("broken"), "INTERNAL"),
        (ValueError("a mistake of ours"), "INTERNAL"),
    ],
)
def test_errors_have_their_codes_and_say_when_to_come_back(
    address: str, plane: Plane, error: Exception, code: str
) -> None:
    for stage in plane.bench.stages.values():
        stage.error = error
    message = pb.ModelInferRequest(model_name="demo", raw_input_contents=[raw(plane)])
    message.inputs.add(name="image", datatype="BYTES", shape=[1])
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as raised:
            stub.ModelInfer(message)
    assert raised.value.code().name == code
    details = Status()
    details.ParseFromString(dict(raised.value.trailing_metadata())["grpc-status-details-bin"])
    info, retry = ErrorInfo(), RetryInfo()
    assert details.details[0].Unpack(info)
    assert info.reason == (error.code if isinstance(error, HikariError) else "internal")
    if isinstance(error, HikariError) and error.retry_after:
        assert details.details[1].Unpack(retry)
        assert retry.retry_delay.ToMilliseconds() == error.retry_after * 1000
    else:
        assert len(details.details) == 1


@pytest.mark.parametrize("sentence", ["x" * 8000, "é" * 8000, "€" * 8000, "\U0001f9f4" * 8000])
def test_a_long_sentence_is_cut(address: str, plane: Plane, sentence: str) -> None:
    for stage in plane.bench.stages.values():
        stage.error = EngineFailed(sentence)
    with triton.InferenceServerClient(address) as client:
        code, says = refused(lambda: client.infer("demo", pictures(plane.bench.image)))
    assert code == "StatusCode.INTERNAL"
    assert says.endswith(f"{sentence[0]}…")
    assert 900 < len(says.encode()) <= 1003


def test_bad_calls_are_named(address: str, plane: Plane) -> None:
    truncated = message_of()
    truncated.raw_input_contents[0] = b"\x09\0\0\0x"
    both = message_of()
    both.inputs[0].contents.bytes_contents.append(b"x")
    uneven = message_of()
    uneven.raw_input_contents.append(b"")
    memory = message_of()
    memory.inputs[0].parameters["shared_memory_region"].string_param = "r"
    lying = message_of()
    lying.inputs[0].parameters["binary_data_size"].int64_param = 9
    typed = message_of(shape=[2])
    typed.ClearField("raw_input_contents")
    typed.inputs[0].contents.bytes_contents.append(b"x")
    empty_parameter = message_of()
    empty_parameter.parameters["priority"].Clear()
    output = message_of()
    output.outputs.add(name="label")
    classes = message_of()
    classes.outputs.add(name="answer").parameters["classification"].int64_param = -1
    unknown = message_of()
    unknown.model_name = "dem"
    version = message_of()
    version.model_version = "3"
    cases = [
        (truncated, "INVALID_ARGUMENT", "element 0 says that it has 9 bytes, but 1 are left"),
        (both, "INVALID_ARGUMENT", "has both contents and raw_input_contents"),
        (uneven, "INVALID_ARGUMENT", "there are 1 inputs, but 2 raw_input_contents"),
        (memory, "INVALID_ARGUMENT", "shared memory is not offered"),
        (lying, "INVALID_ARGUMENT", "binary_data_size is 9, but its raw contents have 5 bytes"),
        (typed, "INVALID_ARGUMENT", "has 2 elements, but its bytes_contents 1"),
        (empty_parameter, "INVALID_ARGUMENT", "parameter 'priority' has no value"),
        (output, "INVALID_ARGUMENT", "has no output 'label'"),
        (classes, "INVALID_ARGUMENT", "classification is a number of classes, not -1"),
        (unknown, "NOT_FOUND", "model 'dem' is not loaded here; did you mean 'demo'?"),
        (version, "NOT_FOUND", "version 3 of model 'demo' is not loaded here; there is 1"),
        (message_of(name="x"), "INVALID_ARGUMENT", "model 'demo' has no input 'x'"),
        (message_of(datatype="FP64"), "INVALID_ARGUMENT", "'FP64' is none of BYTES, FP32, INT32"),
        (message_of(shape=[-1]), "INVALID_ARGUMENT", "has a length below 0"),
        (message_of(shape=[10_000]), "INVALID_ARGUMENT", "more than 4096 elements"),
        (message_of(), "INVALID_ARGUMENT", "this is no picture"),
    ]
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        for message, code, says in cases:
            with pytest.raises(grpc.RpcError) as raised:
                stub.ModelInfer(message)
            assert (raised.value.code().name, says in raised.value.details()) == (code, True), (
                raised.value.details()
            )
    assert not plane.bench.stages["group"].items


def test_a_message_larger_than_a_picture_may_be_is_refused(
    client: triton.InferenceServerClient, plane: Plane
) -> None:
    for coding in (None, "gzip"):  # what it becomes counts, not what it is sent as
        with pytest.raises(InferenceServerException) as raised:
            client.infer("demo", pictures(bytes(200_000)), compression_algorithm=coding)
        assert str(raised.value.status()) == "StatusCode.RESOURCE_EXHAUSTED"
    client.infer("demo", pictures(plane.bench.image))


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_the_rest_of_tritons_surface_is_refused_with_a_sentence(address: str, name: str) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as raised:
            getattr(stub, name)(getattr(pb, f"{name}Request")())
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert raised.value.details() == UNSUPPORTED[name]


def test_a_deadline_and_a_hang_up_reach_the_stage(address: str, plane: Plane) -> None:
    stage = plane.bench.stages["group"]
    for each in plane.bench.stages.values():
        each.seconds = 5.0

    async def hang_up(way: str) -> float:
        stage.items.clear()
        stage.cancelled = False
        async with triton_aio.InferenceServerClient(address) as client:
            if way == "deadline":
                with pytest.raises(InferenceServerException, match="DEADLINE_EXCEEDED"):
                    await client.infer("demo", pictures(plane.bench.image), client_timeout=0.5)
                return time.monotonic()
            call = asyncio.ensure_future(client.infer("demo", pictures(plane.bench.image)))
            while not stage.items:
                await asyncio.sleep(0.005)
            left = time.monotonic()
            call.cancel()
            await asyncio.wait([call])
            while not stage.cancelled and time.monotonic() < left + 2:
                await asyncio.sleep(0.005)
            return left

    left = asyncio.run(hang_up("cancel"))
    assert stage.cancelled
    assert stage.cancelled_at - left < 0.05
    began = time.time()
    asyncio.run(hang_up("deadline"))
    assert stage.items[0].deadline == pytest.approx(began + 0.5, abs=0.2)


def test_keys_come_with_the_call(plane: Plane) -> None:
    keys = Keys({"k" * 16: "infer", "a" * 16: "admin"})
    with listening(plane, keys=keys) as address, triton.InferenceServerClient(address) as client:
        assert client.is_server_ready()
        code, says = refused(lambda: client.infer("demo", pictures(plane.bench.image)))
        assert (code, says) == (
            "StatusCode.UNAUTHENTICATED",
            "a key is needed: send `Authorization: Bearer KEY`",
        )
        infer = {"authorization": f"Bearer {'k' * 16}"}
        client.infer("demo", pictures(plane.bench.image), headers=infer)
        client.infer("demo", pictures(plane.bench.image), headers={"x-api-key": "k" * 16})
        code, _ = refused(lambda: client.load_model("demo", headers=infer))
        assert code == "StatusCode.PERMISSION_DENIED"
        admin = {"authorization": f"Bearer {'a' * 16}"}
        code, _ = refused(lambda: client.load_model("demo", headers=admin))
        assert code == "StatusCode.UNIMPLEMENTED"
        heard: queue.Queue[Any] = queue.Queue()
        client.start_stream(lambda result, error: heard.put(error))
        assert "a key is needed" in str(heard.get(timeout=10))
        client.stop_stream()


def test_models_stay_as_they_are_unless_control_is_on(client: triton.InferenceServerClient) -> None:
    for call in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException) as caught:
            call("demo_group")
        assert caught.value.status() == "StatusCode.UNIMPLEMENTED"
        assert caught.value.message() == (
            "models are not loaded or unloaded by requests: HIKARI_MODEL_CONTROL=explicit allows "
            "it to keys of the scope `admin`"
        )


def test_a_load_overrides_nothing(tmp_path: Path) -> None:
    plane = Plane(tmp_path)
    with listening(plane) as address, triton.InferenceServerClient(address) as client:
        with pytest.raises(InferenceServerException, match="parameter 'config' overrides"):
            client.load_model("demo_group", config="{}")
        with pytest.raises(InferenceServerException, match="parameter 'file:1/x' overrides"):
            client.load_model("demo_group", files={"file:1/x": b"x"})
