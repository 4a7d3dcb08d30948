"""Tensors as the protocol has them, and their binary form.

Binary data is little-endian; an element of BYTES is its length in four bytes, then itself.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hikari_serve.errors import InvalidInput
from hikari_serve.quoting import quoted

MOST_ELEMENTS = 4096
"""Of one input: pictures, words or ids of cases. What is counted before it is read."""

MOST_DIMENSIONS = 8
"""Of a shape, far more than any input has: the elements of thousands of dimensions are a number so
long that multiplying it takes seconds."""

NUMBERS = {"FP32": "<f4", "INT32": "<i4"}
"""The data types of numbers that models here take or give, as numpy writes them."""

Values = Sequence[bytes | float]
"""Bytes in a tensor of BYTES, numbers in any other."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named tensor.

    Attributes:
        name: Its name.
        datatype: `BYTES`, `FP32` or `INT32`.
        shape: Its shape, the batch included.
        values: Its elements, row after row.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Values


def size_of(name: str, shape: Sequence[int]) -> int:
    """How many elements an input of a shape has.

    Raises:
        InvalidInput: A length is negative, or there are too many elements or dimensions.
    """
    if len(shape) > MOST_DIMENSIONS:
        raise InvalidInput(
            f"input '{quoted(name)}': its shape has {len(shape)} dimensions; {MOST_DIMENSIONS} are "
            "the most that is accepted"
        )
    if any(length < 0 for length in shape):
        raise InvalidInput(
            f"input '{quoted(name)}': its shape {told_shape(shape)} has a length below 0"
        )
    size = math.prod(shape)
    if size > MOST_ELEMENTS:
        raise InvalidInput(
            f"input '{quoted(name)}': its shape {told_shape(shape)} has more than {MOST_ELEMENTS} "
            "elements, the most that is accepted"
        )
    return size


def decode(name: str, datatype: str, shape: Sequence[int], raw: bytes | memoryview) -> Tensor:
    """Reads an input's binary data.

    Raises:
        InvalidInput: The data is no such tensor; the message says where it ends being one.
    """
    size = size_of(name, shape)
    values: Values
    if datatype == "BYTES":
        values = _decode_bytes(name, size, memoryview(raw))
    elif datatype in NUMBERS:
        if len(raw) != 4 * size:
            raise InvalidInput(
                f"input '{quoted(name)}': {size} elements of {datatype} are {4 * size} bytes, "
                f"not {len(raw)}"
            )
        values = np.frombuffer(raw, NUMBERS[datatype]).tolist()
    else:
        raise unknown_datatype(name, datatype)
    return Tensor(name, datatype, tuple(shape), values)


def encode(tensor: Tensor) -> bytes:
    """Writes a tensor's binary data."""
    if tensor.datatype == "BYTES":
        pieces: list[bytes] = []
        for value in tensor.values:
            assert isinstance(value, bytes)
            pieces += (struct.pack("<I", len(value)), value)
        return b"".join(pieces)
    return np.asarray(tensor.values, NUMBERS[tensor.datatype]).tobytes()


def unknown_datatype(name: str, datatype: str) -> InvalidInput:
    """The error for a data type that no model here takes."""
    known = ", ".join(["BYTES", *NUMBERS])
    return InvalidInput(
        f"input '{quoted(name)}': data type '{quoted(datatype)}' is none of {known}"
    )


def told_shape(shape: Sequence[int]) -> str:
    """A shape as a sentence quotes it."""
    return quoted(str(list(shape)))


def _decode_bytes(name: str, size: int, raw: memoryview) -> list[bytes]:
    values: list[bytes] = []
    at = 0
    for index in range(size):
        left = len(raw) - at - 4
        if left < 0:
            raise InvalidInput(
                f"input '{quoted(name)}': its shape has {size} elements, but its data ends after "
                f"{index}"
            )
        (length,) = struct.unpack_from("<I", raw, at)
        if length > left:
            raise InvalidInput(
                f"input '{quoted(name)}': element {index} says that it has {length} bytes, but "
                f"{left} are left"
            )
        values.append(bytes(raw[at + 4 : at + 4 + length]))
        at += 4 + length
    if at != len(raw):
        raise InvalidInput(
            f"input '{quoted(name)}': its {size} elements end {len(raw) - at} bytes before its data"
        )
    return values
