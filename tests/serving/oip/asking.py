"""Tensors and outputs as requests have them, shared by the tests of the data plane."""

from collections.abc import Sequence

from hikari_serve.serving.oip.messages import InferResponse, RequestedOutput
from hikari_serve.serving.oip.tensors import Tensor


def pictures(*images: bytes, alone: bool = False) -> Tensor:
    shape = (len(images), 1) if alone else (len(images),)
    return Tensor("image", "BYTES", shape, list(images))


def words(name: str, *values: str, alone: bool = False) -> Tensor:
    shape = (len(values), 1) if alone else (len(values),)
    return Tensor(name, "BYTES", shape, [value.encode() for value in values])


def wanted(*names: str) -> tuple[RequestedOutput, ...]:
    return tuple(RequestedOutput(name) for name in names)


def told(answer: InferResponse, name: str) -> Sequence[object]:
    (found,) = [each for each in answer.outputs if each.name == name]
    return [each.decode() if isinstance(each, bytes) else each for each in found.values]
