"""JSON that is all brackets, all picture, or all lies."""

import base64
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_serve.errors import HikariError, InvalidInput, TooLarge
from hikari_serve.serving.diagnose.json_body import read_json

PICTURE = os.urandom(3_000_001)


def test_a_picture_is_read_wherever_it_stands() -> None:
    text = base64.b64encode(PICTURE).decode()
    for fields in ({"image": text, "top_k": 3}, {"top_k": 3, "image": text}):
        assert read_json(json.dumps(fields).encode()) == (PICTURE, {"top_k": 3})
    escaped = json.dumps({"image": text}).replace("/", "\\/").encode()
    assert read_json(escaped) == (PICTURE, {})


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (b"[" * 26_000_000, TooLarge, "besides the picture"),
        (b'{"image": "AAAA", "x": [' + b"1," * 13_000_000 + b"1]}", TooLarge, "besides"),
        (b'{"image": "AAAA", "x": ' + b"[" * 9000 + b"]" * 9000 + b"}", InvalidInput, "8 levels"),
        (b'{"image": "AAAA", "x": "' + b"[" * 9000 + b'"', InvalidInput, "not JSON"),
        (b'{"x": {"image": "AAAA"}}', InvalidInput, "an object whose `image`"),
        (b'{"x": {"image": "AAAA"}, "image": "BBBB"}', InvalidInput, "an object whose `image`"),
        (b'{"image": "AA\\"AA"}', InvalidInput, "not JSON"),
        (b'{"image": "AAAA', InvalidInput, "not JSON"),
        (b'{"image": 7}', InvalidInput, "an object whose `image`"),
        (b'{"image": "A"}', InvalidInput, "not base64"),
        (b'{"image": "\xff\xff\xff\xff"}', InvalidInput, "not base64"),
        (b"\xff\xfe", InvalidInput, "not JSON"),
    ],
)
def test_what_is_wrong_is_said_in_short(body: bytes, kind: type[HikariError], says: str) -> None:
    with pytest.raises(kind, match=says) as raised:
        read_json(body)
    assert len(raised.value.message) < 200


@given(st.binary(max_size=300), st.dictionaries(st.text(max_size=9), st.text(max_size=30)))
def test_it_reads_what_json_reads(picture: bytes, more: dict[str, str]) -> None:
    fields = {**more, "image": base64.b64encode(picture).decode()}
    expected = {name: value for name, value in more.items() if name != "image"}
    assert read_json(json.dumps(fields).encode()) == (picture, expected)
    assert read_json(json.dumps(fields, ensure_ascii=False).encode()) == (picture, expected)
