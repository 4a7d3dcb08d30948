"""Errors as HTTP responses: one place where the taxonomy meets Starlette."""

import math

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hikari_serve.errors import HikariError, Unauthorized
from hikari_serve.serving.ending import ending


def error_response(error: HikariError) -> Response:
    """The response for an error that leaves nothing else to say."""
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))  # whole seconds
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(error.payload(), status_code=error.status, headers=headers)


async def handle_error(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for `HikariError`."""
    assert isinstance(error, HikariError)
    ending().failed(error)
    return error_response(error)
