"""The same with nobody who counts, logs or traces, in any of its processes."""

import benchmarks.observing.repeating  # noqa: F401
from hikari_serve.observability import metrics, request_log
from hikari_serve.observer import Observer


class Deaf(Observer):
    """In the place of any other."""

    def __init__(self, *_: object) -> None:
        pass


metrics.Metrics = Deaf  # type: ignore[assignment, misc]
request_log.RequestLog = Deaf  # type: ignore[assignment, misc]

from service import Hikari  # noqa: E402

__all__ = ["Hikari"]
