"""A message that is large where none has to be keeps nobody waiting, and says what is too large."""

import threading
import time
from collections.abc import Callable, Iterator

import grpc
import pytest
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from hikari_serve.serving.oip.grpc.translate import MOST
from tests.serving.oip.conftest import Plane
from tests.serving.oip.grpc.calls import message_of
from tests.serving.oip.grpc.conftest import listening

INFER = "/inference.GRPCInferenceService/ModelInfer"


@pytest.fixture
def roomy(plane: Plane) -> Iterator[str]:
    with listening(plane, max_image_bytes=20_000_000) as found:
        yield found


def dimensions() -> bytes:
    return bytes(message_of(shape=[127] * 150_000).SerializeToString())


def outputs() -> bytes:
    return bytes(message_of().SerializeToString()) + b"\x32\x00" * 1_000_000  # empty ones


def inputs() -> bytes:
    message = message_of()
    message.ClearField("raw_input_contents")
    return bytes(message.SerializeToString()) + b"\x2a\x00" * 1_000_000


def parameters() -> bytes:
    message = message_of()
    for at in range(200_000):
        message.parameters[str(at)].bool_param = True
    return bytes(message.SerializeToString())


def contents() -> bytes:
    message = message_of(datatype="INT32")
    message.ClearField("raw_input_contents")
    message.inputs[0].contents.int_contents.extend([1] * 2_000_000)
    return bytes(message.SerializeToString())


def name_of_an_input() -> bytes:
    return bytes(message_of(name="a" * 19_000_000).SerializeToString())


def name_of_a_parameter() -> bytes:
    message = message_of()
    message.parameters["a" * 19_000_000].bool_param = True
    return bytes(message.SerializeToString())


def own_id() -> bytes:
    message = message_of()
    message.id = "a" * 19_000_000
    return bytes(message.SerializeToString())


def no_message() -> bytes:
    return b"\xff" * 19_000_000


CASES: dict[Callable[[], bytes], str] = {
    dimensions: "its shape has 150000 dimensions; 8 are the most",
    outputs: f"there are 1000000 outputs; {MOST} are the most",
    inputs: f"there are 1000001 inputs; {MOST} are the most",
    parameters: f"there are 200000 parameters; {MOST} are the most",
    name_of_an_input: "aaa…'; there are image, references, until",
    name_of_a_parameter: "aaa…'; there are priority, timeout",
    own_id: "the id has 19000000 characters; 1024 are the most",
    no_message: "the message cannot be read",
    contents: "has 1 elements, but its int_contents 2000000",
}


@pytest.mark.parametrize("made", CASES)
def test_what_is_too_large_keeps_nobody_waiting(roomy: str, made: Callable[[], bytes]) -> None:
    message = made()
    errors: list[grpc.RpcError] = []
    longest = 0.0
    with grpc.insecure_channel(roomy) as channel, grpc.insecure_channel(roomy) as other:
        send = channel.unary_unary(INFER)
        live = service_pb2_grpc.GRPCInferenceServiceStub(other).ServerLive
        live(pb.ServerLiveRequest())

        def call() -> None:
            with pytest.raises(grpc.RpcError) as raised:
                send(message)
            errors.append(raised.value)

        calling = threading.Thread(target=call)
        calling.start()
        while calling.is_alive():
            began = time.monotonic()
            live(pb.ServerLiveRequest())
            longest = max(longest, time.monotonic() - began)
            time.sleep(0.01)
    (error,) = errors
    assert (error.code().name, CASES[made] in error.details()) == ("INVALID_ARGUMENT", True)
    assert longest < 1.0, longest
