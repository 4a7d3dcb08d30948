"""A JSON body that is all picture: the picture is cut out before the rest is parsed.

`json.loads` holds the interpreter's lock, so 26 MB of brackets would stop the event loop for
seconds, in whatever thread it ran. What is not the picture is at most 64 KB.
"""

import binascii
import json
import re
from typing import Any

from hikari_serve.errors import InvalidInput, TooLarge
from hikari_serve.serving.body import FIELDS_BYTES
from hikari_serve.serving.diagnose.fields import given, once

MAX_DEPTH = 8
"""Of lists and objects in one another; what may be sent is one deep."""

CHUNK = 1 << 20
"""Characters of base64 decoded at once; a multiple of four."""

_STANDARD, _BLANKS = bytes.maketrans(b"-_", b"+/"), b" \t\r\n"
_PICTURE = re.compile(rb'"image"\s*:\s*"')
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')


def read_json(body: bytes) -> tuple[bytes, dict[str, Any]]:
    """Reads a picture in base64 and the other fields; in a thread, for large ones.

    Raises:
        TooLarge: There is too much besides the picture.
        InvalidInput: It is no JSON object with a picture, or a field is given twice.
    """
    picture, rest = _cut(body)
    if len(rest) > FIELDS_BYTES:
        raise TooLarge(f"besides the picture the JSON may have {FIELDS_BYTES} bytes")
    check_depth(rest, MAX_DEPTH)
    try:
        fields = json.loads(rest, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if not isinstance(fields, dict) or picture is None or fields.pop("image", None) != "":
        raise InvalidInput("the JSON must be an object whose `image` is a picture in base64")
    return decode(picture), given(fields)


def decode(picture: bytes) -> bytes:
    """Decodes base64 bit by bit, so that other threads have their turns.

    Of either alphabet (RFC 4648, 4 and 5), with line ends or without, padded or not, and as a
    `data:` URI, as a browser's `FileReader` writes it.

    Raises:
        InvalidInput: It is no base64.
    """
    if picture[:5].lower() == b"data:":
        head, comma, picture = picture.partition(b",")
        if not comma or not head.lower().endswith(b";base64"):
            raise InvalidInput("image is a data: URI that is not in base64")
    picture = picture.translate(_STANDARD, _BLANKS).rstrip(b"=")
    picture += b"=" * (-len(picture) % 4)
    try:
        return b"".join(
            binascii.a2b_base64(picture[start : start + CHUNK], strict_mode=True)
            for start in range(0, len(picture), CHUNK)
        )
    except ValueError as error:
        raise InvalidInput(f"image is not base64: {error}") from None


def _cut(body: bytes) -> tuple[bytes | None, bytes]:
    """The first string that is called `image`, and the body with none in its place."""
    found = _PICTURE.search(body)
    if found is None:
        return None, body
    end = body.find(b'"', found.end())
    if end < 0:
        return None, body
    # Some writers escape slashes, and line ends are always escaped; any other backslash is no
    # base64, wherever the string ends.
    picture = body[found.end() : end]
    for escaped, meant in ((rb"\/", b"/"), (rb"\n", b""), (rb"\r", b"")):
        picture = picture.replace(escaped, meant)
    return picture, body[: found.end()] + body[end:]


def check_depth(text: bytes, most: int) -> None:
    """Refuses what Python's parser would go too deep for.

    Raises:
        InvalidInput: Lists and objects are nested deeper than `most`.
    """
    depth = 0
    for token in _BRACKETS.finditer(text):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token[0], 0)
        if depth > most:
            raise InvalidInput(f"the JSON is nested deeper than {most} levels")
