"""Calls as tritonclient makes them, shared by the tests of the gRPC door."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2 as pb
from tritonclient.utils import InferenceServerException

from tests.serving.oip.conftest import Plane


def pictures(*images: bytes) -> list[triton.InferInput]:
    given = triton.InferInput("image", [len(images)], "BYTES")
    given.set_data_from_numpy(np.array(images, dtype=object))
    return [given]


def wanted(*names: str) -> list[triton.InferRequestedOutput]:
    return [triton.InferRequestedOutput(name) for name in names]


def refused(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(InferenceServerException) as raised:
        call()
    return str(raised.value.status()), str(raised.value.message())


def raw(plane: Plane) -> bytes:
    return len(plane.bench.image).to_bytes(4, "little") + plane.bench.image


def message_of(**changed: Any) -> pb.ModelInferRequest:
    message = pb.ModelInferRequest(model_name="demo", raw_input_contents=[b"\x01\0\0\0x"])
    message.inputs.add(**{"name": "image", "datatype": "BYTES", "shape": [1], **changed})
    return message
