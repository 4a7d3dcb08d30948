"""Every touch of what BentoML does not promise in the processes of its services.

`arbiter` has what is changed in their supervisor; `tests/serving/test_bento.py` fails when a
release changes any of it.
"""

import logging
import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.context import server_context
from bentoml._internal.server.http import instruments, traffic
from bentoml._internal.utils.analytics import usage_stats
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import HTTP_PROTOCOLS

from hikari_serve.observability.lines import JsonLines
from hikari_serve.serving.connection import GuardedProtocol
from hikari_serve.serving.inherited import BEGAN
from hikari_serve.serving.request_id import tell_in_log
from hikari_serve.serving.routes import route_of

logger = logging.getLogger("bentoml.serve")

T = TypeVar("T")

logging.getLogger("hikari_serve").setLevel(logging.INFO)  # BentoML's log begins at WARNING
tell_in_log()


def _without_timer(app: ASGIApp, timeout: float) -> ASGIApp:
    return app


# BentoML 1.4 never cancels its request timer, so each request stays in memory, picture and all,
# until `traffic.timeout` has passed, and the setting cannot be zero. Nothing is lost without it:
# every request and every item carries a deadline of its own.
traffic.TimeoutMiddleware = _without_timer

os.environ["BENTOML_DO_NOT_TRACK"] = "true"
usage_stats.do_not_track.cache_clear()  # it may have looked before

SERVICE: dict[str, Any] = {
    # In seconds; only BentoML's own clients, which the cascade does not use, still heed it.
    "traffic": {"timeout": 24 * 3600},
    "metrics": {"duration": {"buckets": [0.1, 1.0, 10.0]}},  # few of them, because ours have many
    # `observability.traces` makes ours; BentoML's would take time of each request and each hop,
    # and nobody would receive them.
    "tracing": {"excluded_urls": [".*"]},
    "logging": {"access": {"enabled": False}},  # each request is logged once, by the API
}
"""BentoML's configuration of every service."""


HTTP_PROTOCOLS["auto"] = f"{GuardedProtocol.__module__}:{GuardedProtocol.__name__}"
"""BentoML's workers ask uvicorn for the protocol of that name, and can be given no other."""


class KnownRoutes(instruments.RunnerTrafficMetricsMiddleware):  # type: ignore[misc]
    """BentoML's request metrics, with routes for labels, not with whatever path was asked for.

    20 series of every path that was ever asked for would stay.
    """

    def __init__(self, app: ASGIApp, **options: Any) -> None:
        async def asked_for(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "path": scope.get("asked_path", scope.get("path"))}, receive, send)

        super().__init__(asked_for, **options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Counts a request."""
        if scope["type"] == "http":
            path = scope["path"]
            scope = {**scope, "asked_path": path, "path": route_of(scope["app"], scope)}
        await super().__call__(scope, receive, send)


instruments.RunnerTrafficMetricsMiddleware = KnownRoutes


def log_as(form: str) -> None:
    """Has BentoML's log written in this form.

    Args:
        form: `json`, `text`, or `auto` for what suits where it goes.
    """
    if form == "json" or (form == "auto" and not sys.stdout.isatty()):
        for logger in (
            logging.root,
            *map(logging.getLogger, ("bentoml", "uvicorn.error", "circus")),
        ):
            for handler in logger.handlers:
                handler.setFormatter(JsonLines())


def addresses() -> Mapping[str, str]:
    """The address of each service that BentoML started on this machine with this one, by name."""
    found: Mapping[str, str] = BentoMLContainer.remote_runner_mapping.get()
    return found


def begun() -> tuple[str, float] | None:
    """Where this server listens, and when it was started, in seconds since the Unix epoch.

    None in all of its processes but the first of the service that it was started for.
    """
    first = server_context.service_type == "entry_service" and server_context.worker_index == 1
    address = addresses().get(server_context.service_name or "")
    return (address, float(os.environ.get(BEGAN, time.time()))) if first and address else None


def beside(runners: Iterable[tuple[str, Any]]) -> Any:
    """A class decorator: `bentoml serve` starts these services with the decorated one.

    Args:
        runners: Each attribute's name, and the service.
    """

    def decorate(service: type[T]) -> type[T]:
        for name, runner in runners:
            setattr(service, name, bentoml.depends(runner))
        return service

    return decorate
