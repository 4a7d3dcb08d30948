"""What crosses between a cascade and a stage, as bytes.

A call is the length of its header in four bytes, big-endian, the header as JSON, and the bytes of
the view as they are. An answer is a `StageResult` as JSON; a streamed one is lines of JSON:
`{"text": ...}` for words, and last `{"result": ...}` or `{"error": ..., "code": ...}`. It is never
pickle.

Either side may be of another release: a field that the reader does not know is passed over. A
change that an older reader would misread has another `PROTOCOL`.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hikari_serve.errors import HikariError, InvalidInput, Mismatch, Unavailable, from_payload
from hikari_serve.quoting import quoted
from hikari_serve.stage import Hosted, Item, StageResult

PROTOCOL = 1
"""Of calls and introductions."""

CALL = "application/vnd.hikari.call"
"""The content type of a call."""

NDJSON = "application/x-ndjson"
"""The content type of a streamed answer."""

CALL_BYTES = 64_000_000
"""Of a call: the largest view, losslessly encoded, and its header."""

HEADER_BYTES = 1_000_000

MAX_SECONDS = 24 * 3600.0
"""How long a call may have; the API's have an hour at most."""

_LENGTH = 4


class Header(BaseModel):
    """What only the hop says of an item.

    Attributes:
        protocol: The caller's `PROTOCOL`.
        seconds: How long the answer is worth something: no clock is compared with another's.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    protocol: int
    seconds: float = Field(allow_inf_nan=False, le=MAX_SECONDS)


class Introduction(BaseModel):
    """What a runner says of itself.

    Attributes:
        protocol: Its `PROTOCOL`.
        stage: The stage that it was started for.
        hosted: What it hosts.
        processes: How many answer where it does, this one among them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    protocol: int
    stage: str
    hosted: tuple[Hosted, ...]
    processes: int = 1


def write_call(item: Item) -> bytes:
    """The call that asks for an item's answer."""
    fields = item.model_dump(mode="json", exclude={"view", "deadline"}, exclude_defaults=True)
    header = {"protocol": PROTOCOL, "seconds": item.deadline - time.time(), **fields}
    head = json.dumps(header).encode()
    return b"".join((len(head).to_bytes(_LENGTH, "big"), head, item.view))


def read_call(body: bytes) -> Item:
    """The item of a call.

    Raises:
        InvalidInput: These bytes are no call.
        Mismatch: It is one of another protocol.
    """
    length = int.from_bytes(body[:_LENGTH], "big")
    if not 0 < length <= min(HEADER_BYTES, len(body) - _LENGTH):
        raise InvalidInput("call: it does not begin with the length of its header")
    try:
        fields = json.loads(body[_LENGTH : _LENGTH + length])
    except (ValueError, RecursionError):
        raise InvalidInput("call: its header is no JSON") from None
    try:
        header = Header.model_validate(fields)
        if header.protocol != PROTOCOL:
            raise Mismatch(
                f"this stage speaks protocol {PROTOCOL}, and its caller {header.protocol}: one of "
                "them is of another release"
            )
        view, deadline = body[_LENGTH + length :], time.time() + header.seconds
        return Item.model_validate({**fields, "view": view, "deadline": deadline}, extra="ignore")
    except ValidationError as error:
        raise InvalidInput(f"call: {_first(error)}") from None


def read_result(body: bytes) -> StageResult:
    """The result of an answer.

    Raises:
        Mismatch: It is none that this release can read.
    """
    return _result(json.loads(body))


def read_line(line: bytes) -> str | StageResult:
    """Words of a streamed answer, or the result that ends it.

    Raises:
        HikariError: The stage ended with this error.
    """
    said: Mapping[str, Any] = json.loads(line)
    if "text" in said:
        return str(said["text"])
    if "result" in said:
        return _result(said["result"])
    raise from_payload(dict(said))


def read_error(status: int, body: bytes) -> HikariError:
    """The error of an answer that is not 200."""
    try:
        return from_payload(json.loads(body))
    except (ValueError, AttributeError):
        return Unavailable(f"the runner answered {status}: {body[:200].decode(errors='replace')}")


def read_introduction(body: bytes) -> Introduction:
    """What a runner says of itself.

    Raises:
        Mismatch: These bytes are no introduction.
    """
    try:
        return Introduction.model_validate_json(body, extra="ignore")
    except ValidationError:
        raise Mismatch("what answers there is no runner of this server") from None


def _result(fields: Any) -> StageResult:
    try:
        return StageResult.model_validate(fields, extra="ignore")
    except ValidationError as error:
        raise Mismatch(f"the runner's answer cannot be read: {_first(error)}") from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_input=False)[0]
    where = quoted(".".join(map(str, first["loc"])) or "header")
    return f"{where}: {quoted(first['msg'])}"
