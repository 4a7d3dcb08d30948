"""How a request ends, told once to the observer by whichever door it came.

Whoever takes the request in opens an `Ending` with `telling`; what answers it finds that by
`ending()` and fills it in, wherever it stands.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus

from hikari_serve.cascade.report import StageEnd, Status
from hikari_serve.errors import HikariError
from hikari_serve.observer import (
    Door,
    Observer,
    Outcome,
    PictureTime,
    RequestEnd,
    StageTime,
)
from hikari_serve.serving.hangup import CLIENT_CLOSED_REQUEST
from hikari_serve.serving.request_id import current

_DOORS: dict[str, Door] = {
    "/diagnose": "diagnose",
    "/diagnose/stream": "diagnose_stream",
    "/api/diagnose": "api",
}
_OIP = re.compile(r"/v2/models/[^/]+(?:/versions/[^/]+)?/infer")

_WORST: tuple[Outcome, ...] = ("complete", "abstained", "partial")
"""How an answer to several pictures is called: as the worst of them."""

_CAUSES = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_TIMEOUT: "late",
}


def door_of(path: str) -> Door | None:
    """The door of HTTP that a path leads to; None where no answer is asked for."""
    return "oip_http" if _OIP.fullmatch(path) else _DOORS.get(path)


class Ending:
    """What is known so far of how a request ends.

    Attributes:
        request: The request's id.
        trace: The trace context that the request goes on with.
        taken_in: When it was taken in, in seconds since the Unix epoch.
    """

    def __init__(self, request: str = "", trace: str | None = None) -> None:
        self.request = request
        self.trace = trace
        self.taken_in = time.time()
        self._began = time.monotonic()
        self._outcome: Outcome | None = None
        self._cause: str | None = None
        self._first_event: float | None = None
        self._first_word: float | None = None
        self._stages: list[StageTime] = []
        self._pictures: list[PictureTime] = []

    def called(self, request: str) -> None:
        """The client calls it so itself; what the log says from here on has that id."""
        self.request = request
        current.set(request)

    def answered(self, status: Status) -> None:
        """There is an answer, to the picture or to one of several."""
        before = self._outcome if self._outcome in _WORST else status
        self._outcome, self._cause = max(before, status, key=_WORST.index), None

    def failed(self, error: HikariError) -> None:
        """There is an error in its place."""
        self._outcome, self._cause = "error", error.code

    def event(self, *, words: bool) -> None:
        """An event of a stream is sent; it may be words of a stage."""
        now = time.monotonic() - self._began
        if self._first_event is None:
            self._first_event = now
        if words and self._first_word is None:
            self._first_word = now

    def picture(self, seconds: float, content: str) -> None:
        """A picture of that digest was decoded, which took so long."""
        began = time.monotonic() - self._began - seconds
        self._pictures.append(PictureTime(began, seconds, content, _item.get()))

    def stage(self, end: StageEnd) -> None:
        """A stage ended."""
        error = end.error.code if end.error else None
        began = time.monotonic() - self._began - end.seconds
        times = (end.name, began, end.waited, end.seconds)
        self._stages.append(StageTime(*times, error, end.trace, end.result, _item.get()))

    def response(self, status: int | None) -> None:
        """What is known of the end from the status of an HTTP response, where nobody said more.

        Args:
            status: None where none was sent.
        """
        if self._outcome is not None or status in (None, HTTPStatus.OK, CLIENT_CLOSED_REQUEST):
            return
        self._outcome = "error"
        internal = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        self._cause = _CAUSES.get(HTTPStatus(status), "internal" if internal else "invalid_input")

    def end(self, door: Door, traceparent: str | None) -> RequestEnd:
        """The end as the observer hears it; a request without any other was left by its client."""
        return RequestEnd(
            self.request,
            traceparent,
            door,
            self._outcome or "cancelled",
            self._cause,
            time.monotonic() - self._began,
            self._first_event,
            self._first_word,
            tuple(self._stages),
            tuple(self._pictures),
            self.trace,
        )


_current: ContextVar[Ending | None] = ContextVar("ending", default=None)
_item: ContextVar[int] = ContextVar("item", default=0)


def ending() -> Ending:
    """That of the request which this task works for; where there is none, one that nobody hears."""
    return _current.get() or Ending()


def working_on(item: int) -> None:
    """What this task does from now on is for that one of the request's pictures, from 0."""
    _item.set(item)


class Pictures(Observer):
    """Has each request know when its pictures were decoded."""

    def picture_read(
        self, cascade: str, form: str, seconds: float, quality: float, content: str
    ) -> None:
        ending().picture(seconds, content)


@contextmanager
def telling(
    observer: Observer, door: Door, request: str, traceparent: str | None
) -> Iterator[Ending]:
    """Tells the observer how a request ended when the block does.

    Args:
        observer: Who hears it.
        door: The protocol that the request came by.
        request: Its id, if its client does not call it otherwise.
        traceparent: W3C trace context that it came with, if it is one.
    """
    its = Ending(request, observer.traced(traceparent))
    token = _current.set(its)
    try:
        yield its
    except HikariError as error:
        its.failed(error)
        raise
    except Exception as error:
        its.failed(HikariError(repr(error)))
        raise
    finally:
        _current.reset(token)
        observer.request_ended(its.end(door, traceparent))
