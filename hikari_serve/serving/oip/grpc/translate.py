"""Between the protocol's messages and the data plane's."""

from collections.abc import Iterable, Mapping, Sized

from tritonclient.grpc import service_pb2

from hikari_serve.errors import InvalidInput
from hikari_serve.quoting import quoted
from hikari_serve.serving.oip.messages import (
    InferRequest,
    InferResponse,
    Parameter,
    RequestedOutput,
)
from hikari_serve.serving.oip.tensors import (
    Tensor,
    decode,
    encode,
    size_of,
    told_shape,
    unknown_datatype,
)

CONTENTS = {"BYTES": "bytes_contents", "FP32": "fp32_contents", "INT32": "int_contents"}
"""The field of a tensor's contents for each data type."""

CLASSES = "classification"

BINARY_SIZE = "binary_data_size"
"""Belongs to HTTP; KServe's client sends it over gRPC too."""

MOST = 256
"""Inputs, outputs or parameters of a message: more than any model has. A message of a few bytes for
each may have millions, and what is made of them here is large."""

EMPTY_FINAL = "triton_enable_empty_final_response"
"""Asks for the final flag, which is always sent here, with the last answer itself."""


def read(
    message: service_pb2.ModelInferRequest,
    *,
    request_id: str,
    deadline: float | None,
    traceparent: str | None,
) -> InferRequest:
    """Reads a request.

    Raises:
        InvalidInput: It holds no such tensors, or too many.
    """
    _bounded("inputs", message.inputs)
    _bounded("outputs", message.outputs)
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise InvalidInput(
            f"there are {len(message.inputs)} inputs, but {len(raw)} raw_input_contents: send one "
            "for each, or none"
        )
    inputs = tuple(
        _raw(each, raw[at]) if raw else _typed(each) for at, each in enumerate(message.inputs)
    )
    parameters = parameters_of(message.parameters)
    parameters.pop(EMPTY_FINAL, None)
    return InferRequest(
        model=message.model_name,
        version=message.model_version,
        id=message.id,
        inputs=inputs,
        outputs=tuple(_requested(each) for each in message.outputs),
        parameters=parameters,
        deadline=deadline,
        request_id=request_id,
        traceparent=traceparent,
    )


def write(answer: InferResponse) -> service_pb2.ModelInferResponse:
    """Writes an answer, its tensors as raw contents."""
    message = service_pb2.ModelInferResponse(
        model_name=answer.model, model_version=answer.version, id=answer.id
    )
    for tensor in answer.outputs:
        message.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        message.raw_output_contents.append(encode(tensor))
    for name, value in answer.parameters.items():
        _set(message.parameters[name], value)
    return message


def parameters_of(given: Mapping[str, service_pb2.InferParameter]) -> dict[str, Parameter]:
    """Reads parameters, of whichever message.

    Raises:
        InvalidInput: One has no value, or there are too many.
    """
    _bounded("parameters", given)
    found: dict[str, Parameter] = {}
    for name, parameter in given.items():
        choice = parameter.WhichOneof("parameter_choice")
        if choice is None:
            raise InvalidInput(f"parameter '{quoted(name)}' has no value")
        found[name] = getattr(parameter, choice)
    return found


def _bounded(what: str, given: Sized) -> None:
    if len(given) > MOST:
        raise InvalidInput(f"there are {len(given)} {what}; {MOST} are the most that is accepted")


def _raw(given: service_pb2.ModelInferRequest.InferInputTensor, raw: bytes) -> Tensor:
    parameters = parameters_of(given.parameters)
    size = parameters.pop(BINARY_SIZE, len(raw))
    if size != len(raw):
        raise InvalidInput(
            f"input '{quoted(given.name)}': {BINARY_SIZE} is {quoted(size)}, but its raw contents "
            f"have {len(raw)} bytes"
        )
    _refuse_others(f"input '{quoted(given.name)}'", parameters)
    if given.HasField("contents"):
        raise InvalidInput(f"input '{quoted(given.name)}' has both contents and raw_input_contents")
    return decode(given.name, given.datatype, given.shape, raw)


def _typed(given: service_pb2.ModelInferRequest.InferInputTensor) -> Tensor:
    name = quoted(given.name)
    _refuse_others(f"input '{name}'", given.parameters)
    if given.datatype not in CONTENTS:
        raise unknown_datatype(given.name, given.datatype)
    size = size_of(given.name, given.shape)
    field = CONTENTS[given.datatype]
    values = getattr(given.contents, field)
    if len(values) != size:
        raise InvalidInput(
            f"input '{name}': its shape {told_shape(given.shape)} has {size} elements, "
            f"but its {field} {len(values)}"
        )
    return Tensor(given.name, given.datatype, tuple(given.shape), list(values))


def _requested(
    output: service_pb2.ModelInferRequest.InferRequestedOutputTensor,
) -> RequestedOutput:
    parameters = parameters_of(output.parameters)
    classes = parameters.pop(CLASSES, 0)
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 0:
        raise InvalidInput(
            f"output '{quoted(output.name)}': {CLASSES} is a number of classes, "
            f"not {quoted(classes)}"
        )
    _refuse_others(f"output '{quoted(output.name)}'", parameters)
    return RequestedOutput(output.name, classes)


def _refuse_others(where: str, parameters: Iterable[str]) -> None:
    for name in parameters:
        if name.startswith("shared_memory"):
            raise InvalidInput(f"{where}: shared memory is not offered; send the data itself")
        raise InvalidInput(f"{where}: unknown parameter '{quoted(name)}'")


def _set(message: service_pb2.InferParameter, value: Parameter) -> None:
    if isinstance(value, bool):
        message.bool_param = value
    elif isinstance(value, int):
        message.int64_param = value
    elif isinstance(value, float):
        message.double_param = value
    else:
        message.string_param = value
