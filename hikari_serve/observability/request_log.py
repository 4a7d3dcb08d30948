"""One line of the log for each request: how it ended, and where its time went.

It has the request's id, and nothing of what was sent or found.
"""

import logging
from collections.abc import Mapping

from hikari_serve.observability.lines import FIELDS
from hikari_serve.observer import Observer, RequestEnd

logger = logging.getLogger(__name__)


class RequestLog(Observer):
    """Writes the line: words for people, and fields for a log of JSON."""

    def request_ended(self, request: RequestEnd) -> None:
        logger.info(words(request), extra={FIELDS: fields(request)})


def words(request: RequestEnd) -> str:
    """`diagnose: complete after 650 ms; group 90 ms, disease 132 ms`, and the like."""
    ended = f"{request.outcome} ({request.cause})" if request.cause else request.outcome
    line = f"{request.door}: {ended} after {_ms(request.seconds)}"
    stages = [f"{each.stage} {each.error or _ms(each.seconds)}" for each in request.stages]
    return f"{line}; {', '.join(stages)}" if stages else line


def fields(request: RequestEnd) -> dict[str, object]:
    """The same in full; times are seconds."""
    decode = sum(each.seconds for each in request.pictures)
    found: dict[str, object] = {
        "event": "request",
        "request": request.id,
        "trace": request.trace.split("-")[1] if request.trace else None,
        "door": request.door,
        "outcome": request.outcome,
        "cause": request.cause,
        "seconds": _rounded(request.seconds),
        "first_event": _rounded(request.first_event),
        "first_word": _rounded(request.first_word),
        "intake": _rounded(request.intake),
        "decode": _rounded(decode) if request.pictures else None,
        "answer": _rounded(request.answer),
    }
    stages = {
        each.stage: _known(
            {
                "wait": _rounded(each.waited),
                **{part: _rounded(took) for part, took in each.parts.items()},
                "error": each.error,
            }
        )
        for each in request.stages
    }
    return {**_known(found), "stages": stages}


def _known(found: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in found.items() if value is not None}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
