"""From a body of `/v2/models/{name}/infer` to what it asks: JSON, and binary data behind it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictInt, ValidationError, model_validator

from hikari_serve.errors import InvalidInput
from hikari_serve.quoting import quoted
from hikari_serve.serving.diagnose.json_body import decode as from_base64
from hikari_serve.serving.oip.http.json_text import Cut, parse
from hikari_serve.serving.oip.messages import Parameter, RequestedOutput
from hikari_serve.serving.oip.tensors import (
    NUMBERS,
    Tensor,
    decode,
    size_of,
    told_shape,
    unknown_datatype,
)

HEADER = "inference-header-content-length"
"""How many bytes of a body are JSON; the rest is binary data."""

BINARY_SIZE, BINARY, BINARY_ALL = "binary_data_size", "binary_data", "binary_data_output"
CLASSES = "classification"
CONTENT_TYPE = "content_type"
"""MLServer's name: `base64` says that the strings of an input are that, as pictures in JSON are."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    parameters: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, given: Any) -> Any:
        """Clients write null for what they leave out."""
        if not isinstance(given, dict):
            return given
        known = cls.model_fields
        return {name: each for name, each in given.items() if each is not None or name not in known}


class _Input(_Strict):
    name: str
    shape: list[StrictInt]
    datatype: str
    data: Any = None


class _Output(_Strict):
    name: str


class _Body(_Strict):
    id: str = ""
    model_name: str = ""
    inputs: list[_Input]
    outputs: list[_Output] = []


@dataclass(frozen=True, slots=True)
class Asked:
    """What a body asks.

    Attributes:
        id: The client's own id.
        inputs: The tensors.
        outputs: The outputs that it names.
        parameters: Those that are not HTTP's own.
        binary: The outputs to send as binary data; None sends all of them so.
    """

    id: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[RequestedOutput, ...]
    parameters: dict[str, Parameter]
    binary: frozenset[str] | None


def read(body: bytes, header: str | None, model: str) -> Asked:
    """Reads a body.

    Args:
        body: The whole of it.
        header: What `Inference-Header-Content-Length` says, if it is there.
        model: The model that the path names.

    Raises:
        InvalidInput: It is no such request; the message names the field.
        TooLarge: There is too much besides the pictures.
    """
    length = len(body) if header is None else _length(header, len(body))
    try:
        asked = _Body.model_validate(parse(body[:length]))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = quoted(".".join(map(str, first["loc"])) or "the body")
        raise InvalidInput(f"{where}: {quoted(first['msg'])}") from None
    if asked.model_name not in ("", model):
        raise InvalidInput(
            f"the body names the model '{quoted(asked.model_name)}', but the path '{quoted(model)}'"
        )
    binary = memoryview(body)[length:]
    inputs = []
    for each in asked.inputs:
        size = each.parameters.pop(BINARY_SIZE, None)
        if size is None:
            inputs.append(_from_json(each))
            continue
        inputs.append(_from_binary(each, size, binary))
        binary = binary[size:]
    if len(binary):
        raise InvalidInput(f"{len(binary)} bytes of binary data are behind the last input's")
    parameters = dict(asked.parameters)
    every = _flag(parameters, BINARY_ALL)
    outputs, chosen = [], set()
    for output in asked.outputs:
        as_binary = _flag(output.parameters, BINARY, otherwise=every)
        outputs.append(_requested(output))
        if as_binary:
            chosen.add(output.name)
    return Asked(
        asked.id,
        tuple(inputs),
        tuple(outputs),
        parameters,
        None if every and not outputs else frozenset(chosen),
    )


def _length(header: str, most: int) -> int:
    if not header.isdecimal() or len(header) > 10 or int(header) > most:
        raise InvalidInput(
            f"{HEADER} is '{quoted(header)}', but the body has {most} bytes: it counts those of "
            "the JSON"
        )
    return int(header)


def _from_binary(given: _Input, size: Any, binary: memoryview) -> Tensor:
    name = quoted(given.name)
    if given.data is not None:
        raise InvalidInput(f"input '{name}' has both `data` and `{BINARY_SIZE}`")
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise InvalidInput(
            f"input '{name}': {BINARY_SIZE} is a number of bytes, not {quoted(size)}"
        )
    if size > len(binary):
        raise InvalidInput(
            f"input '{name}': {BINARY_SIZE} is {size}, but {len(binary)} bytes of binary data are "
            "left"
        )
    _refuse_others(f"input '{name}'", given.parameters)
    return decode(given.name, given.datatype, given.shape, binary[:size])


def _from_json(given: _Input) -> Tensor:
    name = quoted(given.name)
    base64 = given.parameters.pop(CONTENT_TYPE, None)
    if base64 not in (None, "base64"):
        raise InvalidInput(f"input '{name}': {CONTENT_TYPE} is base64, not '{quoted(base64)}'")
    _refuse_others(f"input '{name}'", given.parameters)
    size = size_of(given.name, given.shape)
    if given.data is None:
        raise InvalidInput(f"input '{name}' has neither `data` nor `{BINARY_SIZE}`")
    values = list(_flat(given.data))
    if len(values) != size:
        raise InvalidInput(
            f"input '{name}': its shape {told_shape(given.shape)} has {size} elements, "
            f"but its data {len(values)}"
        )
    if given.datatype == "BYTES":
        read = [_bytes(name, each, base64 is not None) for each in values]
        return Tensor(given.name, given.datatype, tuple(given.shape), read)
    if given.datatype not in NUMBERS:
        raise unknown_datatype(given.name, given.datatype)
    whole = given.datatype == "INT32"
    for each in values:
        if not _is_number(each, whole):
            raise InvalidInput(f"input '{name}': {quoted(each)} is no {given.datatype}")
    return Tensor(given.name, given.datatype, tuple(given.shape), values)


def _bytes(name: str, value: Any, base64: bool) -> bytes:
    if not isinstance(value, str | Cut):
        raise InvalidInput(f"input '{name}': an element of BYTES is a string, not {quoted(value)}")
    if isinstance(value, Cut):
        return from_base64(value) if base64 else bytes(value)
    try:
        plain = value.encode()
    except UnicodeEncodeError:
        raise InvalidInput(f"input '{name}': a string is no UTF-8") from None
    return from_base64(plain) if base64 else plain


def _is_number(value: Any, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return not whole or (isinstance(value, int) and -(2**31) <= value < 2**31)


def _flat(data: Any) -> Iterator[Any]:
    if isinstance(data, list):
        for each in data:
            yield from _flat(each)
    else:
        yield data


def _requested(output: _Output) -> RequestedOutput:
    classes = output.parameters.pop(CLASSES, 0)
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 0:
        raise InvalidInput(
            f"output '{quoted(output.name)}': {CLASSES} is a number of classes, "
            f"not {quoted(classes)}"
        )
    _refuse_others(f"output '{quoted(output.name)}'", output.parameters)
    return RequestedOutput(output.name, classes)


def _flag(parameters: dict[str, Any], name: str, *, otherwise: bool = False) -> bool:
    value = parameters.pop(name, otherwise)
    if not isinstance(value, bool):
        raise InvalidInput(f"parameter '{name}' is true or false, not {quoted(value)}")
    return value


def _refuse_others(where: str, parameters: dict[str, Any]) -> None:
    for name in parameters:
        if name.startswith("shared_memory"):
            raise InvalidInput(f"{where}: shared memory is not offered; send the data itself")
        raise InvalidInput(f"{where}: unknown parameter '{quoted(name)}'")
