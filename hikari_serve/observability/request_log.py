"""One line of the log for each request: how it ended, and where its time went.

It has the request's id, and nothing of what was sent or found.
"""

import logging
from collections.abc import Mapping, Sequence

from hikari_serve.observability.lines import FIELDS
from hikari_serve.observer import Observer, RequestEnd, StageTime

logger = logging.getLogger(__name__)


class RequestLog(Observer):
    """Writes the line: words for people, and fields for a log of JSON."""

    def request_ended(self, request: RequestEnd) -> None:
        logger.info(words(request), extra={FIELDS: fields(request)})


def words(request: RequestEnd) -> str:
    """`diagnose: complete after 650 ms; group 90 ms, disease 132 ms`, and the like."""
    ended = f"{request.outcome} ({request.cause})" if request.cause else request.outcome
    several = f" for {len(request.pictures)} pictures" if len(request.pictures) > 1 else ""
    line = f"{request.door}: {ended} after {_ms(request.seconds)}{several}"
    stages = [f"{stage} {_in_words(its)}" for stage, its in _by_stage(request).items()]
    return f"{line}; {', '.join(stages)}" if stages else line


def fields(request: RequestEnd) -> dict[str, object]:
    """The same in full; times are seconds, and those of the slowest where pictures are several."""
    decode = max((each.seconds for each in request.pictures), default=None)
    several = len(request.pictures) if len(request.pictures) > 1 else None
    found: dict[str, object] = {
        "event": "request",
        "request": request.id,
        "trace": request.trace.split("-")[1] if request.trace else None,
        "door": request.door,
        "outcome": request.outcome,
        "cause": request.cause,
        "pictures": several,
        "seconds": _rounded(request.seconds),
        "first_event": _rounded(request.first_event),
        "first_word": _rounded(request.first_word),
        "intake": _rounded(request.intake),
        "decode": _rounded(decode),
        "answer": _rounded(request.answer),
    }
    stages = {stage: _in_full(its) for stage, its in _by_stage(request).items()}
    return {**_known(found), "stages": stages}


def _by_stage(request: RequestEnd) -> dict[str, list[StageTime]]:
    """How each stage ended, for each picture that it ran for."""
    found: dict[str, list[StageTime]] = {}
    for each in request.stages:
        found.setdefault(each.stage, []).append(each)
    return found


def _in_words(ends: Sequence[StageTime]) -> str:
    failed = [each.error for each in ends if each.error]
    if not failed:
        return _ms(_slowest(ends).seconds)
    return failed[0] if len(ends) == 1 else f"{failed[0]} ({len(failed)} of {len(ends)})"


def _in_full(ends: Sequence[StageTime]) -> dict[str, object]:
    slowest = _slowest(ends)
    failed = [each.error for each in ends if each.error]
    return _known(
        {
            "wait": _rounded(slowest.waited),
            **{part: _rounded(took) for part, took in slowest.parts.items()},
            "error": failed[0] if failed else None,
            "failed": len(failed) if failed and len(ends) > 1 else None,
        }
    )


def _slowest(ends: Sequence[StageTime]) -> StageTime:
    """The one that the request waited for longest; one with a result, if any has."""
    return max(ends, key=lambda each: (each.error is None, each.seconds))


def _known(found: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in found.items() if value is not None}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
