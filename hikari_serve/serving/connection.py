"""The limits of a connection: how large its headers may be, and how long its parts may take.

uvicorn has none of them but for idling between requests: it would keep headers of any length in
memory, and a connection that sends a byte now and then for ever.
"""

import asyncio
import json
from asyncio import TimerHandle
from http import HTTPStatus
from typing import Any

from hikari_serve.serving.keep_alive import KeptProtocol

HEADER_BYTES = 64_000
"""Of a request line and all headers together."""

HEADER_SECONDS = 10.0
"""From the connection, or the first byte of a later request, to the end of the headers."""

BODY_SECONDS = 20.0
"""How long a body may take to arrive, besides what its length allows."""

BODY_BYTES_PER_SECOND = 16_000
"""The slowest that a body of many bytes may arrive, on the whole: a poor mobile connection."""

WRITE_SECONDS = 60.0
"""How long a client may read nothing of an answer that waits for it."""

PROBE_SECONDS = 0.02, 1.0
"""From the end of what a client sends to the second look whether it is still there, and from then
on between two looks."""

REFUSED = "hikari.refused"
"""Where a scope's state keeps the status that the client was told past the application, which sees
it leave."""

_PROBE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""An interim response, which every client of HTTP/1.1 passes over (RFC 9110, 15.2)."""


class GuardedProtocol(KeptProtocol):
    """uvicorn's HTTP/1.1 with these limits; a request beyond one is 431 or 408, and ends."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._in_headers = True
        self._refused = False
        self._size = 0
        self._headers_size = 0
        self._body = 0
        self._timer: TimerHandle | None = None
        self._writing: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for headers."""
        super().connection_made(transport)
        self._await(HEADER_SECONDS, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the timers."""
        self._refused = True
        self._await(None)
        self._let_write()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on, unless the headers grew too large."""
        if self._refused:
            return
        if self._in_headers:
            if self._timer is None:
                self._await(HEADER_SECONDS, self._late)
            self._size += len(data)
        super().data_received(data)
        if self._in_headers and self._size > HEADER_BYTES and not self._refused:
            self._refuse_size()

    def on_message_begin(self) -> None:
        """A request begins; what came with the end of the one before counts as none of it."""
        self._in_headers, self._headers_size = True, 0
        if self._timer is None:
            self._await(HEADER_SECONDS, self._late)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Counts it."""
        self._headers_size += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Counts it."""
        self._headers_size += len(name) + len(value) + 4  # ": " and the end of the line
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Hands the request to the application, and begins to wait for its body."""
        if self._refused:
            return
        if self._headers_size > HEADER_BYTES:
            self._refuse_size()
            return
        self._in_headers, self._size, self._body = False, 0, 0
        self._await(BODY_SECONDS, self._late)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Counts it."""
        if not self._refused:
            self._body += len(body)
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Waits for nothing more; a next request is waited for as long as one may be idle."""
        self._in_headers = True
        self._await(None)
        if not self._refused:
            super().on_message_complete()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Waits on if the client may only have ended its own part, with `shutdown` or `nc -N`.

        One that has left altogether looks the same until something is written to it: its system
        refuses that, and the connection is lost.
        """
        encrypted = self.transport.get_extra_info("sslcontext") is not None
        whole = self._answering and self._in_headers and not self.pipeline
        if encrypted or not whole or self.cycle.response_started:
            return False
        if self.scope["http_version"] != "1.1":
            return False
        self.cycle.keep_alive = False
        first, later = PROBE_SECONDS
        self._probe(first, later)
        return True

    def _probe(self, seconds: float, later: float) -> None:
        if self._answering and not self.cycle.response_started and not self.transport.is_closing():
            self.transport.write(_PROBE)
            self.loop.call_later(seconds, self._probe, later, later)

    def pause_writing(self) -> None:
        """The client reads too slowly: gives it some time."""
        super().pause_writing()
        self._let_write()
        self._writing = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read on."""
        self._let_write()
        super().resume_writing()

    def _let_write(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def _await(self, seconds: float | None, late: Any = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None:
            self._timer = self.loop.call_later(seconds, late)

    def _late(self) -> None:
        """The headers or the body did not come in time, or may have some more of it."""
        if self._in_headers and self._answering:
            self._await(HEADER_SECONDS, self._late)
        elif self._in_headers:
            message = f"the headers did not come within {HEADER_SECONDS:g} s"
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, message)
        elif self.flow.read_paused:  # the application has not yet taken what there is
            self._await(BODY_SECONDS, self._late)
        elif self._body > 0:
            more, self._body = self._body / BODY_BYTES_PER_SECOND, 0
            self._await(more, self._late)
        else:
            message = (
                f"the body did not come within {BODY_SECONDS:g} s and one more for every "
                f"{BODY_BYTES_PER_SECOND} bytes"
            )
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, message)

    def _refuse_size(self) -> None:
        message = f"the headers are larger than {HEADER_BYTES} bytes, the most that is accepted"
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, message)

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Says why, where no answer is on its way and something was sent, and closes."""
        self._await(None)
        self._refused = True
        late_body = not self._in_headers and self._answering and not self.cycle.response_started
        if late_body:
            self.scope["state"][REFUSED] = status
        if late_body or (not self._answering and self._size > 0):
            code = _CODES[status]
            body = json.dumps({"error": message, "code": code}).encode()
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()


_CODES = {
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "too_large",
    HTTPStatus.REQUEST_TIMEOUT: "late",
}
