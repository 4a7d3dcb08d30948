"""The binary form of tensors: what is written reads back, and nothing else is read."""

import struct
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tritonclient.utils import deserialize_bytes_tensor, serialize_byte_tensor

from hikari_serve.errors import InvalidInput
from hikari_serve.serving.oip.tensors import MOST_ELEMENTS, Tensor, decode, encode, size_of

SHAPES = st.lists(st.integers(-3, 2**40), max_size=4)


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_bytes_are_what_tritons_client_writes_and_reads(values: list[bytes]) -> None:
    raw = encode(Tensor("x", "BYTES", (len(values),), values))
    theirs = serialize_byte_tensor(np.array(values, dtype=object))
    assert raw == (theirs.item() if values else b"")
    assert list(decode("x", "BYTES", (len(values),), raw).values) == values
    assert list(deserialize_bytes_tensor(raw)) == values


@given(st.lists(st.floats(width=32, allow_nan=False), max_size=20))
def test_numbers_are_little_endian(values: list[float]) -> None:
    raw = encode(Tensor("x", "FP32", (len(values),), values))
    assert raw == struct.pack(f"<{len(values)}f", *values)
    assert list(decode("x", "FP32", (len(values),), raw).values) == values


@given(st.sampled_from(["BYTES", "FP32", "INT32", "FP64", ""]), SHAPES, st.binary(max_size=200))
def test_any_bytes_are_a_tensor_or_a_sentence(datatype: str, shape: list[int], raw: bytes) -> None:
    try:
        tensor = decode("x", datatype, shape, raw)
    except InvalidInput:
        return
    assert len(tensor.values) == size_of("x", shape)
    assert encode(tensor) == raw or datatype == "FP32"  # NaNs have many forms


@pytest.mark.parametrize(
    ("shape", "raw", "message"),
    [
        ([1], b"", "its shape has 1 elements, but its data ends after 0"),
        ([1], b"\x05\0\0\0abc", "element 0 says that it has 5 bytes, but 3 are left"),
        ([1], b"\xff\xff\xff\xffabc", "says that it has 4294967295 bytes, but 3 are left"),
        ([2], b"\x01\0\0\0a", "its shape has 2 elements, but its data ends after 1"),
        ([1], b"\x01\0\0\0ab", "its 1 elements end 1 bytes before its data"),
        ([0], b"a", "its 0 elements end 1 bytes before its data"),
        ([-1], b"", r"its shape \[-1\] has a length below 0"),
        ([2**62], b"", f"more than {MOST_ELEMENTS} elements"),
        ([1] * 9, b"", "its shape has 9 dimensions; 8 are the most"),
    ],
)
def test_lying_bytes_are_told_where_they_lie(shape: list[int], raw: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        decode("x", "BYTES", shape, raw)


def test_a_shape_of_many_dimensions_is_not_multiplied() -> None:
    began = time.monotonic()
    with pytest.raises(InvalidInput, match="150000 dimensions"):
        size_of("x", [127] * 150_000)
    assert time.monotonic() - began < 0.5  # its product takes three seconds


def test_numbers_have_four_bytes() -> None:
    with pytest.raises(InvalidInput, match="2 elements of INT32 are 8 bytes, not 7"):
        decode("x", "INT32", [2], b"1234567")
