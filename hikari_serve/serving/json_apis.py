"""What stands before BentoML's own APIs: it hands them JSON that can be read, and nothing else.

BentoML does not look whether a client is still there; this does.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hikari_serve.errors import HikariError, UnsupportedMedia
from hikari_serve.quoting import quoted
from hikari_serve.serving.body import json_bytes, read_body
from hikari_serve.serving.ending import ending
from hikari_serve.serving.errors import error_response
from hikari_serve.serving.hangup import HungUp, while_connected


class JsonApis:
    """Lets only JSON through to BentoML's own APIs.

    It reads every other field of a multipart body as JSON too, and breaks with a status of 500
    where one holds a picture's bytes.
    """

    def __init__(
        self,
        app: ASGIApp,
        prefix: str,
        max_bytes: int,
        read: Callable[[bytes], Awaitable[None]],
    ) -> None:
        """Args:
        app: The service's application.
        prefix: What the routes of its APIs begin with.
        max_bytes: Of a picture.
        read: Raises what is wrong with a body; BentoML would quote all of it.
        """
        self._app = app
        self._prefix = prefix
        self._most = json_bytes(max_bytes)
        self._read = read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on, or refuses it."""
        asked = scope["type"] == "http" and scope["path"].startswith(self._prefix)
        if not asked or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            kind = Headers(scope=scope).get("content-type", "")
            if not kind.startswith("application/json"):
                raise UnsupportedMedia(
                    f"{quoted(scope['path'])} reads application/json with the picture in base64, "
                    f"not '{quoted(kind)}'; POST /diagnose reads multipart and bare pictures too"
                )
            body = await read_body(Request(scope, receive), self._most)
            await self._read(body)
        except ClientDisconnect:
            return
        except HikariError as error:
            ending().failed(error)
            await error_response(error)(scope, receive, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            if messages:
                return messages.pop()
            return await asyncio.Future[Message]()  # `receive` is watched already

        with suppress(HungUp):
            await while_connected(receive, self._app(scope, again, send))
