"""A body's JSON, with its pictures cut out before it is parsed.

`json.loads` holds the interpreter's lock, and a body may be all picture in base64. What is not a
long string is at most 64 KB.
"""

import json
from typing import Any

from hikari_serve.errors import InvalidInput, TooLarge
from hikari_serve.serving.body import FIELDS_BYTES
from hikari_serve.serving.diagnose.json_body import check_depth

LONG = 1024
"""Bytes of a string that is cut out: longer than any name, shorter than most pictures."""

MAX_DEPTH = 16
"""Of lists and objects in one another; a tensor's data is six deep."""


class Cut(bytes):
    """A long string, as bytes."""


def parse(body: bytes) -> Any:
    """Parses JSON; long strings without escapes but those of base64 come back as `Cut`.

    Raises:
        TooLarge: There is too much besides the long strings.
        InvalidInput: It is no JSON.
    """
    rest, strings = _cut(body)
    if len(rest) > FIELDS_BYTES:
        raise TooLarge(f"besides the pictures the JSON may have {FIELDS_BYTES} bytes")
    check_depth(rest, MAX_DEPTH)
    try:
        return _restored(json.loads(rest), strings)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None


_MARK = "\0cut"
"""Begins the string that stands for the one that was cut out; no name or word begins so."""


def _cut(body: bytes) -> tuple[bytes, list[Cut]]:
    pieces: list[bytes] = []
    strings: list[Cut] = []
    at = size = 0
    while size <= FIELDS_BYTES:
        start = body.find(b'"', at)
        end = _closing(body, start + 1) if start >= 0 else -1
        if end < 0:
            pieces.append(body[at:])
            break
        long = _unescaped(body[start + 1 : end]) if end - start > LONG else None
        if long is not None:
            piece = body[at:start] + json.dumps(f"{_MARK}{len(strings)}").encode()
            strings.append(Cut(long))
        else:
            piece = body[at : end + 1]
        pieces.append(piece)
        size += len(piece)
        at = end + 1
    return b"".join(pieces), strings


_ESCAPES = ((rb"\/", b"/"), (rb"\n", b"\n"), (rb"\r", b"\r"))
"""Those that base64 may have: some writers escape slashes, and line ends are always escaped."""


def _unescaped(inner: bytes) -> bytes | None:
    """What a string means; None where it has escapes that no base64 has."""
    if rb"\\" in inner:
        return None
    for escaped, meant in _ESCAPES:
        inner = inner.replace(escaped, meant)
    return None if b"\\" in inner else inner


def _closing(body: bytes, at: int) -> int:
    """The quote that ends a string; escaped ones do not."""
    while (end := body.find(b'"', at)) >= 0:
        before = end
        while body[before - 1 : before] == b"\\":
            before -= 1
        if (end - before) % 2 == 0:
            return end
        at = end + 1
    return -1


def _restored(value: Any, strings: list[Cut]) -> Any:
    if isinstance(value, dict):
        return {name: _restored(each, strings) for name, each in value.items()}
    if isinstance(value, list):
        return [_restored(each, strings) for each in value]
    if isinstance(value, str) and value.startswith(_MARK):
        number = value.removeprefix(_MARK)
        if number.isdecimal() and int(number) < len(strings):
            return strings[int(number)]
    return value
