"""A stream: a response for each stage as it ends, words as they come, and errors that end none."""

import queue
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from hikari_serve.serving.admission import Admission
from hikari_serve.serving.oip.grpc import gate
from hikari_serve.serving.oip.messages import LONGEST_ID
from hikari_serve.stage import Description
from tests.eventually import eventually
from tests.serving.oip.conftest import Plane
from tests.serving.oip.grpc.calls import message_of, pictures, raw, wanted
from tests.serving.oip.grpc.conftest import listening

STREAM = "/inference.GRPCInferenceService/ModelStreamInfer"


def test_a_stream_has_a_response_for_each_stage(
    client: triton.InferenceServerClient, plane: Plane
) -> None:
    heard: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(lambda result, error: heard.put((result, error)))
    names = wanted("group.label", "disease.label", "caption.text")
    client.async_stream_infer("demo", pictures(plane.bench.image), request_id="a", outputs=names)
    responses: list[Any] = []
    while not responses or not responses[-1].parameters["triton_final_response"].bool_param:
        result, error = heard.get(timeout=10)
        assert error is None
        responses.append(result.get_response())
    told = [
        (each.parameters["stage"].string_param, each.parameters["words"].bool_param)
        for each in responses[:-1]
    ]
    assert told == [("group", False), ("disease", False), ("caption", True), ("caption", False)]
    assert {each.id for each in responses} == {"a"}
    assert [each.name for each in responses[-1].outputs] == [each.name() for each in names]

    # an error is told, and the stream goes on
    client.async_stream_infer("demo", pictures(b"no picture"), request_id="b", outputs=names)
    result, error = heard.get(timeout=10)
    assert "this is no picture" in str(error)
    client.async_stream_infer("demo", pictures(plane.bench.image), request_id="c", outputs=names)
    assert heard.get(timeout=10)[0].get_response().id == "c"
    client.stop_stream()


def test_words_that_nobody_asked_for_are_not_waited_for(
    client: triton.InferenceServerClient, plane: Plane
) -> None:
    heard: queue.Queue[tuple[Any, Any]] = queue.Queue()
    client.start_stream(lambda result, error: heard.put((result, error)))
    for names, listens in ((("disease.label",), False), (("caption.text",), True)):
        asked = wanted(*names)
        client.async_stream_infer("demo", pictures(plane.bench.image), outputs=asked)
        final = False
        while not final:
            response = heard.get(timeout=10)[0].get_response()
            final = response.parameters["triton_final_response"].bool_param
        assert [each.name for each in response.outputs] == list(names)
        assert plane.bench.stages["caption"].heard is listens
    client.stop_stream()


def test_a_streams_error_says_which_request_it_is_of(address: str, plane: Plane) -> None:
    message = message_of()
    message.id = "b"
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        (response,) = stub.ModelStreamInfer(iter([message]))
    assert response.error_message.startswith("this is no picture")
    assert response.infer_response.id == "b"
    parameters = response.infer_response.parameters
    assert parameters["triton_final_response"].bool_param
    assert parameters["code"].string_param == "unsupported_image"
    assert parameters["grpc"].string_param == "INVALID_ARGUMENT"


def test_who_leaves_a_stream_stops_its_work(address: str, plane: Plane) -> None:
    stage = plane.bench.stages["group"]
    stage.seconds = 5.0
    message = message_of()
    message.raw_input_contents[0] = raw(plane)
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        call = stub.ModelStreamInfer(iter([message]))
        while not stage.items:
            time.sleep(0.005)
        left = time.monotonic()
        call.cancel()
        while not stage.cancelled and time.monotonic() < left + 2:
            time.sleep(0.005)
    assert stage.cancelled_at - left < 0.05


def test_who_reads_no_responses_sends_no_more_requests(address: str, plane: Plane) -> None:
    sent = 0
    message = large(plane)

    def many() -> Iterator[pb.ModelInferRequest]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield message

    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        call = stub.ModelStreamInfer(many())
        before = -1
        while before != sent:
            before = sent
            time.sleep(1.0)
        assert sent < 500
        assert len(plane.bench.stages["group"].items) < sent
        call.cancel()


def large(plane: Plane) -> pb.ModelInferRequest:
    """A request whose responses fill a connection that nobody reads, as it is large itself."""
    plane.bench.stages["caption"].output = Description(text="x" * 500_000, finish_reason="stop")
    message = message_of()
    picture = plane.bench.image.ljust(90_000, b"\0")
    message.raw_input_contents[0] = len(picture).to_bytes(4, "little") + picture
    return message


class Unread(NamedTuple):
    """A stream of which nobody has read a response yet.

    Attributes:
        call: The stream.
        admission: Where its requests keep places.
        size: Bytes of a request.
    """

    call: Iterable[pb.ModelStreamInferResponse]
    admission: Admission
    size: int


@contextmanager
def unread(plane: Plane) -> Iterator[Unread]:
    """Sends ten requests, and waits until the last stage was asked for each."""
    message, admission = large(plane), Admission(10, 10**6)
    with (
        listening(plane, admission=admission) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        call = stub.ModelStreamInfer(iter([message] * 10))
        assert eventually(lambda: len(plane.bench.stages["caption"].items) == 10)
        yield Unread(call, admission, message.ByteSize())


def test_a_request_keeps_its_place_until_its_last_response_is_taken(plane: Plane) -> None:
    with unread(plane) as its:
        time.sleep(0.5)  # they are answered
        assert its.admission.bytes >= its.size
        assert not [each.error_message for each in its.call if each.error_message]
        assert its.admission.bytes == 0


def test_a_stream_whose_responses_nobody_takes_is_closed(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "WRITE_SECONDS", 0.3)
    with unread(plane) as its:
        assert eventually(lambda: not its.admission.bytes, 5)
        with pytest.raises(grpc.RpcError) as raised:
            list(its.call)
        assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert raised.value.details() == "no response was taken within 0.3 seconds"


def test_an_id_comes_back_as_far_as_it_may(address: str) -> None:
    message = message_of()
    message.id = message.model_name = "x" * 50_000
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        (response,) = stub.ModelStreamInfer(iter([message]))
    assert response.error_message.startswith("model 'xxx")
    assert response.infer_response.id == response.infer_response.model_name == "x" * LONGEST_ID


def test_what_is_no_message_ends_the_stream_when_the_others_are_answered(
    address: str, plane: Plane
) -> None:
    for stage in plane.bench.stages.values():
        stage.seconds = 0.3
    message = message_of()
    message.raw_input_contents[0] = raw(plane)
    message.id = "before"
    sent = iter([message.SerializeToString(), b"\xff" * 50, message.SerializeToString()])
    with grpc.insecure_channel(address) as channel:
        send = channel.stream_stream(STREAM, None, pb.ModelStreamInferResponse.FromString)
        answered: list[pb.ModelStreamInferResponse] = []

        def read() -> None:
            for response in send(sent):
                answered.append(response)

        with pytest.raises(grpc.RpcError) as raised:
            read()
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "the message cannot be read" in raised.value.details()
    assert not [each.error_message for each in answered if each.error_message]
    assert answered[-1].infer_response.id == "before"
    assert answered[-1].infer_response.parameters["triton_final_response"].bool_param
    assert len(plane.bench.stages["group"].items) == 1


def test_a_message_that_is_too_large_ends_the_stream(address: str) -> None:
    large = message_of()
    large.raw_input_contents[0] = bytes(200_000)
    with grpc.insecure_channel(address) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError) as raised:
            list(stub.ModelStreamInfer(iter([large])))
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
