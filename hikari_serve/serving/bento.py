"""Every touch of what BentoML does not promise, in one place, each with what it is for.

`tests/serving/test_bento.py` fails when a release of BentoML changes any of it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.server.http import traffic
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from hikari_serve.errors import UnsupportedMedia
from hikari_serve.serving.errors import error_response

T = TypeVar("T")


def _without_timer(app: ASGIApp, timeout: float) -> ASGIApp:
    return app


# BentoML 1.4 never cancels its request timer, so each request stays in memory, picture and all,
# until `traffic.timeout` has passed, and the setting cannot be zero. Nothing is lost without it:
# every request and every item carries a deadline of its own.
traffic.TimeoutMiddleware = _without_timer

TRAFFIC: dict[str, Any] = {"timeout": 24 * 3600}
"""BentoML's traffic settings of every service here, in seconds; only its own clients, which the
cascade does not use, still heed them."""


def addresses() -> Mapping[str, str]:
    """The address of each service that BentoML started on this machine with this one, by name."""
    found: Mapping[str, str] = BentoMLContainer.remote_runner_mapping.get()
    return found


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


class JsonApis:
    """Lets only JSON through to BentoML's own APIs.

    It reads every other field of a multipart body as JSON too, and breaks with a status of 500
    where one holds a picture's bytes.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        """Args:
        app: The service's application.
        prefix: What the routes of its APIs begin with.
        """
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on, or refuses it."""
        kind = Headers(scope=scope).get("content-type", "") if scope["type"] == "http" else ""
        asked = scope["type"] == "http" and scope["path"].startswith(self._prefix)
        if asked and scope["method"] == "POST" and not kind.startswith("application/json"):
            error = UnsupportedMedia(
                f"{scope['path']} reads application/json with the picture in base64, not "
                f"'{kind}'; POST /diagnose reads multipart and bare pictures too"
            )
            await error_response(error)(scope, receive, send)
            return
        await self._app(scope, receive, send)
