"""Errors as HTTP responses: one place where the taxonomy meets Starlette."""

import logging
import math
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from hikari_serve.errors import HikariError, Unauthorized
from hikari_serve.quoting import quoted
from hikari_serve.serving.ending import ending

logger = logging.getLogger(__name__)


def error_response(error: HikariError) -> Response:
    """The response for an error that leaves nothing else to say."""
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))  # whole seconds
    if isinstance(error, Unauthorized):
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(error.payload(), status_code=error.status, headers=headers)


async def handle_http(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for a path or a method that there is not."""
    assert isinstance(error, HTTPException)
    asked = f"{request.method} {quoted(request.url.path)}"
    headers = dict(error.headers or {})
    allowed = ", ".join(sorted(headers.get("Allow", "").split(", ")))  # Starlette's is a set's
    sentence = f"there is no {asked} here; GET / is the page, and POST /diagnose takes pictures"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        sentence = f"{asked} is not served; this path takes {allowed}"
        headers["Allow"] = allowed
    code = HTTPStatus(error.status_code).name.lower()
    payload = {"error": sentence, "code": code}
    return JSONResponse(payload, status_code=error.status_code, headers=headers)


async def handle_error(request: Request, error: Exception) -> Response:
    """Starlette's exception handler for `HikariError`."""
    assert isinstance(error, HikariError)
    ending().failed(error)
    return error_response(error)


def unforeseen(what: str) -> HikariError:
    """What who asked is told of the exception that is being handled; the log has it.

    Args:
        what: What failed.
    """
    logger.exception("%s failed", what)
    return HikariError("the server failed; its log says why")


class LastHandler:
    """ASGI middleware for what nobody foresaw: the log has it, and who asked gets JSON.

    Starlette's own would answer and raise it once more, for which uvicorn closes the connection,
    and a client that was still sending never sees the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on; a response that has begun can only break off."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception:
            if begun or scope["type"] != "http":
                raise
            failure = unforeseen(quoted(scope["path"]))
            ending().failed(failure)
            await error_response(failure)(scope, receive, send)


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI application for what no door takes: BentoML would answer in plain text.

    Behind the doors in the service's application, it gets a door's path too if the method is none
    of the door's; the door itself says then which it takes.
    """
    if scope["type"] == "websocket":
        await WebSocketClose()(scope, receive, send)
        return
    try:
        for route in scope["app"].routes:
            match, child = route.matches(scope)
            if match is Match.PARTIAL:
                await route.handle({**scope, **child}, receive, send)
                break
        else:
            raise HTTPException(HTTPStatus.NOT_FOUND)
    except HTTPException as error:
        response = await handle_http(Request(scope, receive), error)
        await response(scope, receive, send)
