"""Errors over gRPC: the code, the sentence, and in the details ours and when to come back."""

from typing import Any, NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from hikari_serve.errors import HikariError

DOMAIN = "hikari-serve"

DETAILS = "grpc-status-details-bin"
"""The trailing metadata in which gRPC's richer error model puts its details."""

MOST_BYTES = 1000
"""Of the sentence, which stands in the trailing metadata twice, one time with up to three bytes for
each: clients take 8 KB of metadata in all, and in place of more tell of an error of their own."""


async def abort(context: Any, error: HikariError) -> NoReturn:
    """Ends a call with an error."""
    code = grpc.StatusCode[error.grpc]
    sentence = _cut(error.message)
    await context.abort(code, sentence, ((DETAILS, _details(error, code, sentence)),))
    raise error  # `abort` always raises


def _cut(message: str) -> str:
    whole = message.encode(errors="replace")
    if len(whole) <= MOST_BYTES:
        return message
    return whole[:MOST_BYTES].decode(errors="ignore") + "…"


def _details(error: HikariError, code: grpc.StatusCode, sentence: str) -> bytes:
    status = Status(code=code.value[0], message=sentence)
    status.details.add().Pack(ErrorInfo(reason=error.code, domain=DOMAIN))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMilliseconds(int(error.retry_after * 1000))
        status.details.add().Pack(RetryInfo(retry_delay=delay))
    whole: bytes = status.SerializeToString()
    return whole
