"""The id of a request: the caller's if it is harmless, else a new one; in every line of its log."""

import logging
import re
import uuid
from contextvars import ContextVar
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from hikari_serve.observer import TRACEPARENT
from hikari_serve.quoting import escaped

HEADER = "x-request-id"

KEY = "hikari.request_id"
"""Where a scope keeps it; OpenTelemetry has a `request_id` there."""

_HARMLESS = re.compile(r"[!-~]{1,128}")
"""Printable ASCII without blanks."""

current: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that this task works for."""


def request_id_of(scope: Scope) -> str:
    """The id of a request; the same every time it is asked for.

    Args:
        scope: Of the request; it keeps the id.
    """
    if KEY not in scope:
        given = Headers(scope=scope).get(HEADER, "")
        scope[KEY] = given if is_harmless(given) else new_id()
    return str(scope[KEY])


def is_harmless(given: str) -> bool:
    """Whether a caller's id is one that the log and the answer may quote."""
    return _HARMLESS.fullmatch(given) is not None


def new_id() -> str:
    """An id for a request that brought none."""
    return uuid.uuid4().hex


def trace_of(traceparent: str | None) -> str | None:
    """The trace context, if it is one."""
    return traceparent if traceparent and TRACEPARENT.fullmatch(traceparent) else None


def tell_in_log() -> None:
    """Makes every line of the log one line, with the id of the request that it is about."""
    logging.setLogRecordFactory(_one_line)


def _one_line(*args: Any, **named: Any) -> logging.LogRecord:
    record = logging.LogRecord(*args, **named)
    try:
        message = record.getMessage()
    except Exception:  # its arguments do not fit: who writes it says so, and who logged it goes on
        return record
    request = current.get()
    plain = escaped(message)
    record.__dict__.update(plain=plain, request=request)  # for a log of JSON
    if request or not message.isprintable():
        record.msg = plain + (f" (request {request})" if request else "")
        record.args = None
    return record
