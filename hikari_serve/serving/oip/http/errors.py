"""Errors over HTTP as the protocol's clients know them: `error` first, and few statuses."""

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from hikari_serve.errors import HikariError
from hikari_serve.serving.ending import ending
from hikari_serve.serving.errors import error_response
from hikari_serve.serving.hangup import CLIENT_CLOSED_REQUEST

logger = logging.getLogger(__name__)

STATUSES = {"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400}
"""Where the protocol has one status for what the server's other doors tell apart, by gRPC code."""

Handler = Callable[[Request], Awaitable[Response]]


def translated(handle: Handler) -> Handler:
    """A handler whose errors are answered as the protocol says."""

    async def handler(request: Request) -> Response:
        try:
            return await handle(request)
        except ClientDisconnect:
            return Response(status_code=CLIENT_CLOSED_REQUEST)
        except HikariError as error:
            ending().failed(error)
            return oip_error(error)
        except Exception:
            logger.exception("%s failed", request.url.path)
            return oip_error(HikariError("the server failed; its log says why"))

    return handler


def oip_error(error: HikariError) -> Response:
    """The response for an error."""
    response = error_response(error)
    response.status_code = STATUSES.get(error.grpc, error.status)
    return response
