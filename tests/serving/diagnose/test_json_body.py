"""JSON that is all brackets, all picture, or all lies."""

import base64
import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_serve.errors import HikariError, InvalidInput, TooLarge
from hikari_serve.serving.diagnose.json_body import read_json
from hikari_serve.stage import ReferenceCase

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
        (b'{"image": "AAAA", "image": "BBBB"}', InvalidInput, "image is given twice"),
        (b'{"image": "AAAA", "until": "group", "until": ""}', InvalidInput, "until is given twice"),
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
    expected = {name: value for name, value in more.items() if value and name != "image"}
    assert read_json(json.dumps(fields).encode()) == (picture, expected)
    assert read_json(json.dumps(fields, ensure_ascii=False).encode()) == (picture, expected)


SMALL = bytes(range(256)) * 9 + b"\xfb\xff\xfe\xfd"
STANDARD = base64.b64encode(SMALL)


@pytest.mark.parametrize(
    "written",
    [
        STANDARD,
        base64.urlsafe_b64encode(SMALL),
        STANDARD.rstrip(b"="),
        base64.encodebytes(SMALL).replace(b"\n", rb"\r\n"),
        base64.encodebytes(SMALL).replace(b"\n", rb"\n"),
        STANDARD.replace(b"/", rb"\/"),
        b"data:image/png;base64," + STANDARD,
        b"DATA:image/jpeg;charset=x;BASE64," + STANDARD,
    ],
    ids=["plain", "url-safe", "unpadded", "CRLF", "LF", "escaped", "data", "DATA"],
)
def test_base64_as_people_write_it(written: bytes) -> None:
    assert read_json(b'{"image": "' + written + b'"}') == (SMALL, {})


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (b"data:image/png," + STANDARD, "a data: URI that is not in base64"),
        (b"data:image/png;base64", "a data: URI that is not in base64"),
        (STANDARD[:101], "image is not base64"),
        (b"caf\xc3\xa9", "image is not base64"),
        (b"AA==AA==", "image is not base64"),
    ],
)
def test_what_is_no_base64_is_told(written: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_json(b'{"image": "' + written + b'"}')


def test_pictures_of_cases_are_in_the_alphabet_that_everything_reads() -> None:
    case = ReferenceCase(id="c1", similarity=0.5, image=SMALL)
    written = json.loads(case.model_dump_json())["image"]
    assert base64.b64decode(written, validate=True) == SMALL
    assert ReferenceCase.model_validate_json(case.model_dump_json()) == case
