"""What every request meets before any door, and every response after it.

The request gets its id, the response the headers that keep browsers from misusing it, and the log
a line. A `Host` that is none of the server's is refused: a page of a stranger's could otherwise
have its own name resolved to this machine, and read the answers (DNS rebinding).
"""

import logging
import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hikari_serve.errors import HikariError, NotFound, WrongHost
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.quoting import quoted
from hikari_serve.serving.admission import Admission, Place
from hikari_serve.serving.connection import REFUSED
from hikari_serve.serving.ending import door_of, ending, telling
from hikari_serve.serving.errors import error_response
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.request_id import HEADER, current, request_id_of, trace_of

logger = logging.getLogger(__name__)

METRICS = "/metrics"

PROBES = ("/livez", "/readyz", "/healthz", METRICS, "/v2/health/live", "/v2/health/ready")
"""Asked by machines, by whatever name; they are no lines in the log."""

OPEN = ("/", "/docs.json")
"""Asked for without a key: the page, and the description of the API."""

ADMIN = ("/v2/repository/models/",)
"""What changes what is served begins so."""

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""The names of this machine on itself."""

SAFE_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "cross-origin-resource-policy": "same-origin",
}
"""Of every response that does not say better itself."""


class Doorstep:
    """ASGI middleware around everything that a service answers."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: Collection[str] = (),
        paths: Collection[str] | None = None,
        keys: Keys | None = None,
        logged: bool = True,
        observer: Observer = NOBODY,
        admission: Admission | None = None,
    ) -> None:
        """Args:
        app: What answers.
        hosts: The names that the server may be called by; none allows all.
        paths: All that may be asked for, besides the probes; None leaves that to `app`.
        keys: Who may ask for what; None lets everybody.
        logged: Whether each request that asks for no answer is a line in the log.
        observer: Hears how each request ended that asked for an answer.
        admission: Bounds those that are answered at once; None leaves them unbounded.
        """
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._paths = None if paths is None else {*paths, *PROBES}
        self._keys = keys
        self._logged = logged
        self._observer = observer
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on, or refuses it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].endswith("/"):
            # no redirect, which would name this server as only a proxy knows it
            scope = {**scope, "path": scope["path"].rstrip("/") or "/"}
        request = request_id_of(scope)
        token = current.set(request)
        try:
            door = door_of(scope["path"])
            if door is None:
                await self._answer(request, scope, receive, send, self._logged)
                return
            trace = trace_of(Headers(scope=scope).get("traceparent"))
            with telling(self._observer, door, request, trace) as its:
                status = await self._answer(request, scope, receive, send, False)
                its.response(scope.get("state", {}).get(REFUSED, status))
        finally:
            current.reset(token)

    async def _answer(
        self, request: str, scope: Scope, receive: Receive, send: Send, logged: bool
    ) -> int | None:
        """Hands a request on; returns the status of the response, if one was sent."""
        began = time.monotonic()
        status: int | None = None

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                headers[HEADER] = ending().request or request
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._admit(scope)
            with self._place(scope) as place:
                body = receive if place is None else place.counted(receive)
                await self._app(scope, body, guarded)
        except HikariError as error:
            ending().failed(error)
            logged = self._logged
            await error_response(error)(scope, receive, guarded)
        finally:
            if logged and scope["path"] not in PROBES:
                took = (time.monotonic() - began) * 1000
                client = (scope.get("client") or ("-",))[0]
                asked = f"{scope['method']} {quoted(scope['path'])}"
                logger.info("%s %s: %d after %.1f ms", client, asked, status or 500, took)
        return status

    @contextmanager
    def _place(self, scope: Scope) -> Iterator[Place | None]:
        """A place for what asks for an answer."""
        if self._admission is None or door_of(scope["path"]) is None:
            yield None
            return
        with self._admission.place() as place:
            length = Headers(scope=scope).get("content-length", "")
            if length.isdecimal():
                place.announce(int(length))
            yield place

    def _admit(self, scope: Scope) -> None:
        """Raises what is wrong with a request as such."""
        if scope["path"] in PROBES:
            return
        host = Headers(scope=scope).get("host", "")
        over_network = scope.get("server") is None or scope["server"][1] is not None
        if self._hosts and over_network and _name(host) not in self._hosts:
            raise WrongHost(
                f"this server has no name '{quoted(host)}'; HIKARI_ALLOWED_HOSTS lists those "
                "that it may be called by"
            )
        if self._paths is not None and scope["path"] not in self._paths:
            raise NotFound(f"there is no '{quoted(scope['path'])}' here")
        if self._keys is not None and scope["path"] not in OPEN and scope["method"] != "OPTIONS":
            admin = scope["path"].startswith(ADMIN)
            self._keys.check(Headers(scope=scope), "admin" if admin else "infer")


def _name(host: str) -> str:
    """The name in a `Host` header, without the port."""
    return re.sub(r":\d*$", "", host.lower())
