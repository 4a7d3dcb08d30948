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


async def abort(context: Any, error: HikariError) -> NoReturn:
    """Ends a call with an error."""
    code = grpc.StatusCode[error.grpc]
    await context.abort(code, error.message, ((DETAILS, _details(error, code)),))
    raise error  # `abort` always raises


def _details(error: HikariError, code: grpc.StatusCode) -> bytes:
    status = Status(code=code.value[0], message=error.message)
    status.details.add().Pack(ErrorInfo(reason=error.code, domain=DOMAIN))
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMilliseconds(int(error.retry_after * 1000))
        status.details.add().Pack(RetryInfo(retry_delay=delay))
    whole: bytes = status.SerializeToString()
    return whole
