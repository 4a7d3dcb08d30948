"""What comes over gRPC is bounded as what comes over HTTP is."""

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from hikari_serve.serving.admission import Admission
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.oip.grpc import intake
from tests.eventually import eventually
from tests.serving.heard import Heard
from tests.serving.oip.conftest import Plane
from tests.serving.oip.grpc.calls import message_of
from tests.serving.oip.grpc.conftest import listening

INFER = "/inference.GRPCInferenceService/ModelInfer"
LARGEST = 164_000
"""Bytes of a message where a picture may have 100,000."""


def asked(plane: Plane, size: int = 0) -> pb.ModelInferRequest:
    """A request of at least so many bytes; a picture is one with zeros behind it."""
    picture = plane.bench.image.ljust(size, b"\0")
    message = message_of()
    message.raw_input_contents[0] = len(picture).to_bytes(4, "little") + picture
    return message


def reach(channel: grpc.Channel) -> None:
    """Waits until the server has what began on this connection; on a new one nothing has an order."""
    service_pb2_grpc.GRPCInferenceServiceStub(channel).ServerLive(pb.ServerLiveRequest())


class Unsent:
    """A call whose message does not come until it is told to."""

    def __init__(self, channel: grpc.Channel, message: pb.ModelInferRequest) -> None:
        self._messages: queue.Queue[Any] = queue.Queue()
        self._message = message
        call = channel.stream_unary(
            INFER,
            request_serializer=pb.ModelInferRequest.SerializeToString,
            response_deserializer=pb.ModelInferResponse.FromString,
        )
        self.answer = call.future(iter(self._messages.get, None))

    def send(self) -> None:
        self._messages.put(self._message)
        self._messages.put(None)


@pytest.fixture
def slow(plane: Plane) -> Plane:
    for stage in plane.bench.stages.values():
        stage.seconds = 0.3
    return plane


def test_each_request_of_a_stream_takes_a_place(slow: Plane) -> None:
    heard, admission = Heard(), Admission(1, 10**6)
    with (
        listening(slow, admission=admission, observer=heard) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        last = [
            each
            for each in stub.ModelStreamInfer(iter([asked(slow)] * 3))
            if each.infer_response.parameters["triton_final_response"].bool_param
        ]
        refused = [each for each in last if each.error_message]
        assert (len(last), len(refused)) == (3, 2)
        for each in refused:
            parameters = each.infer_response.parameters
            assert parameters["code"].string_param == "overloaded"
            assert parameters["grpc"].string_param == "RESOURCE_EXHAUSTED"
            assert parameters["retry_after"].double_param >= 1
        assert sorted(end.cause or "" for end in heard.ends) == ["", "overloaded", "overloaded"]
        assert admission.bytes == 0
        assert stub.ModelInfer(asked(slow)).model_name == "demo"


def test_an_idle_stream_takes_none(plane: Plane) -> None:
    with (
        listening(plane, admission=Admission(1, 10**6)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        messages: queue.Queue[Any] = queue.Queue()
        responses = stub.ModelStreamInfer(iter(messages.get, None))
        messages.put(asked(plane))
        assert next(responses).infer_response.id == ""
        for each in responses:
            if each.infer_response.parameters["triton_final_response"].bool_param:
                break
        assert stub.ModelInfer(asked(plane)).model_name == "demo"
        messages.put(None)


def test_a_calls_bytes_are_held(slow: Plane) -> None:
    admission = Admission(10, 170_000)
    with (
        listening(slow, admission=admission) as address,
        grpc.insecure_channel(address) as channel,
        ThreadPoolExecutor() as pool,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        calls = [pool.submit(stub.ModelInfer, asked(slow, 90_000)) for _ in range(2)]
        (error,) = [each.exception() for each in calls if each.exception()]
        assert isinstance(error, grpc.RpcError)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        details, retry = Status(), RetryInfo()
        details.ParseFromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
        assert details.details[1].Unpack(retry)
        assert admission.bytes == 0


def test_no_more_comes_at_once_than_there_are_bytes_for(plane: Plane) -> None:
    heard = Heard()
    with (
        listening(plane, admission=Admission(10, 2 * LARGEST), observer=heard) as address,
        grpc.insecure_channel(address) as channel,
    ):
        reach(channel)
        calls = [Unsent(channel, asked(plane)) for _ in range(2)]
        reach(channel)
        calls.append(Unsent(channel, asked(plane)))
        calls[2].send()
        with pytest.raises(grpc.FutureTimeoutError):  # two may come before it
            calls[2].answer.result(timeout=0.5)
        calls[0].answer.cancel()  # whoever leaves makes room
        assert calls[2].answer.result(timeout=10).model_name == "demo"
        calls[1].send()
        assert calls[1].answer.result(timeout=10).model_name == "demo"
    assert sorted(each.outcome for each in heard.ends) == ["cancelled", "complete", "complete"]


def test_a_message_that_does_not_come_keeps_no_place(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SECONDS", 0.3)
    with (
        listening(plane, admission=Admission(1, 1)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        with pytest.raises(grpc.RpcError) as raised:
            Unsent(channel, asked(plane)).answer.result(timeout=10)
        assert raised.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert "did not come within 0.3 seconds" in raised.value.details()


def test_nothing_is_read_of_whom_the_gate_refuses(plane: Plane) -> None:
    with (
        listening(plane, keys=Keys({"k": "infer"})) as address,
        grpc.insecure_channel(address) as channel,
    ):
        with pytest.raises(grpc.RpcError) as raised:
            Unsent(channel, asked(plane)).answer.result(timeout=10)
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_streams_are_as_many_as_their_messages_have_room(plane: Plane) -> None:
    end = threading.Event()

    def nothing() -> Iterator[pb.ModelInferRequest]:
        end.wait()
        yield from ()

    with (
        listening(plane, admission=Admission(10, 2 * LARGEST)) as address,
        grpc.insecure_channel(address) as channel,
    ):
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        streams = [stub.ModelStreamInfer(nothing()) for _ in range(3)]
        assert eventually(lambda: any(each.done() for each in streams))
        (refused,) = (each for each in streams if each.done())  # the connection is new
        assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "2 streams are open, the most at once" in refused.details()
        end.set()
        assert [list(each) for each in streams if each is not refused] == [[], []]
        assert stub.ModelInfer(asked(plane)).model_name == "demo"


@pytest.mark.parametrize("method", ["ModelInfer", "ModelMetadata", "RepositoryIndex"])
def test_what_is_no_message_is_a_wrong_request(
    plane: Plane, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    with (
        listening(plane, observer=heard) as address,
        grpc.insecure_channel(address) as channel,
    ):
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary(f"/inference.GRPCInferenceService/{method}")(b"\xff" * 50)
        assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "the message cannot be read" in raised.value.details()
    assert not [line for line in caplog.records if line.exc_info]
    assert [each.cause for each in heard.ends] == ["invalid_input"] * (method == "ModelInfer")
