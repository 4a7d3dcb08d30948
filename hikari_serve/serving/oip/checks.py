"""Whether a request fits what the model takes and gives."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from hikari_serve.errors import DeadlineExceeded, InvalidInput
from hikari_serve.hints import hint
from hikari_serve.quoting import quoted
from hikari_serve.repository.tensors import IMAGE
from hikari_serve.serving.oip.messages import (
    LONGEST_ID,
    InferRequest,
    Parameter,
    RequestedOutput,
)
from hikari_serve.serving.oip.signature import ERROR, Port, Signature
from hikari_serve.serving.oip.tensors import Tensor, told_shape
from hikari_serve.stage import DEFAULT_PRIORITY

PARAMETERS = ("priority", "timeout")

LONGEST_MS = 3_600_000
"""The longest that a request may take, whatever its client would wait."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that fits.

    Attributes:
        count: How many items it has.
        inputs: Its tensors by name.
        outputs: What it wants, in order; all of the model's where it named none.
        named: Whether it named them.
        tolerant: Whether it asked for `error`, so that a broken item is its own error.
        priority: From 1 to 9.
        timeout_ms: Milliseconds for the whole; None takes the model's own.
    """

    count: int
    inputs: Mapping[str, Tensor]
    outputs: tuple[RequestedOutput, ...]
    named: bool
    tolerant: bool
    priority: int
    timeout_ms: int | None


def check(request: InferRequest, signature: Signature) -> Checked:
    """Compares a request with its model's signature.

    Raises:
        InvalidInput: They do not fit; the message names what would.
    """
    if len(request.id) > LONGEST_ID:
        raise InvalidInput(
            f"the id has {len(request.id)} characters; {LONGEST_ID} are the most that is accepted"
        )
    inputs: dict[str, Tensor] = {}
    for tensor in request.inputs:
        if tensor.name in inputs:
            raise InvalidInput(f"input '{quoted(tensor.name)}' is given twice")
        port = signature.inputs.get(tensor.name)
        if port is None:
            raise InvalidInput(
                f"model '{request.model}' has no input '{quoted(tensor.name)}'; "
                f"{hint(tensor.name, signature.inputs)}"
            )
        _check_tensor(tensor, port)
        inputs[tensor.name] = tensor
    for port in signature.inputs.values():
        if port.name not in inputs and not port.optional:
            raise InvalidInput(f"the input '{port.name}' is missing: {_wanted(port)}")
    count = _count(inputs, signature)
    outputs = _check_outputs(request, signature)
    return Checked(
        count=count,
        inputs=inputs,
        outputs=outputs,
        named=bool(request.outputs),
        tolerant=any(each.name == ERROR for each in request.outputs),
        priority=_whole(request.parameters, "priority", most=9) or DEFAULT_PRIORITY,
        timeout_ms=_timeout(request.parameters),
    )


def before(deadline: float | None, asked: Checked) -> Checked:
    """The same request, whose time ends when its client stops waiting.

    Args:
        deadline: In seconds since the Unix epoch; None leaves the time as it is.
        asked: The request.

    Raises:
        DeadlineExceeded: It has passed.
    """
    if deadline is None:
        return asked
    left = int((deadline - time.time()) * 1000)
    if left < 1:
        raise DeadlineExceeded("the deadline passed before the request was read")
    return replace(asked, timeout_ms=min(left, asked.timeout_ms or left, LONGEST_MS))


def given(asked: Checked, outputs: Collection[str]) -> tuple[RequestedOutput, ...]:
    """The outputs to give, where the request leaves some of the model's stages out.

    Args:
        asked: The request.
        outputs: What the model can give of it, besides `error`.

    Raises:
        InvalidInput: The request names an output of a stage that it leaves out.
    """
    there = {*outputs, ERROR}
    for each in asked.outputs:
        if asked.named and each.name not in there:
            raise InvalidInput(
                f"output '{each.name}' is of a stage that this request leaves out by `until` or "
                "`references`"
            )
    return tuple(each for each in asked.outputs if each.name in there)


def _check_tensor(tensor: Tensor, port: Port) -> None:
    if tensor.datatype != port.datatype:
        raise InvalidInput(f"input '{port.name}' is {port.datatype}, not {quoted(tensor.datatype)}")
    fits = len(tensor.shape) == len(port.shape) and all(
        wanted in (-1, length) for wanted, length in zip(port.shape, tensor.shape, strict=True)
    )
    if not fits:
        raise InvalidInput(f"{_wanted(port)}, not {told_shape(tensor.shape)}")


def _count(inputs: Mapping[str, Tensor], signature: Signature) -> int:
    """How many items there are: as many as pictures."""
    count = inputs[IMAGE].shape[0]
    if count == 0:
        raise InvalidInput("the batch is empty: send at least one picture")
    if count > signature.most:
        raise InvalidInput(
            f"{count} items are more than {signature.most}, the most that model "
            f"'{signature.config.name}' takes in one request"
        )
    for name, tensor in inputs.items():
        if name not in signature.of_request and tensor.shape[0] != count:
            raise InvalidInput(
                f"input '{name}' has {tensor.shape[0]} items, but `{IMAGE}` has {count}"
            )
    return count


def _check_outputs(request: InferRequest, signature: Signature) -> tuple[RequestedOutput, ...]:
    if not request.outputs:
        return tuple(RequestedOutput(name) for name in signature.outputs)
    names = [output.name for output in request.outputs]
    for output in request.outputs:
        port = signature.outputs.get(output.name)
        if port is None:
            raise InvalidInput(
                f"model '{request.model}' has no output '{quoted(output.name)}'; "
                f"{hint(output.name, signature.outputs)}"
            )
        if names.count(output.name) > 1:
            raise InvalidInput(f"output '{output.name}' is asked for twice")
        if output.classification and not output.name.rpartition(".")[2] == "scores":
            raise InvalidInput(
                f"output '{output.name}' has no classes: only scores can be asked for with "
                "`classification`"
            )
    return request.outputs


def _timeout(parameters: Mapping[str, Parameter]) -> int | None:
    microseconds = _whole(parameters, "timeout", most=LONGEST_MS * 1000)
    return -(-microseconds // 1000) or None


def _whole(parameters: Mapping[str, Parameter], name: str, *, most: int) -> int:
    for each in parameters:
        if each not in PARAMETERS:
            raise InvalidInput(f"unknown parameter '{quoted(each)}'; {hint(each, PARAMETERS)}")
    value = parameters.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidInput(
            f"parameter '{name}' is a whole number from 0, the default, to {most}, "
            f"not {quoted(value)}"
        )
    return value


def _wanted(port: Port) -> str:
    return f"input '{port.name}' has shape {list(port.shape)} and is {port.datatype}"
