"""BentoML's traffic settings for every service here: its request timer is off.

BentoML 1.4 never cancels that timer, so each request stays in memory, picture and all, until
`traffic.timeout` has passed, and the setting cannot be zero. Nothing is lost without it: every
request and every item carries a deadline of its own.
"""

from typing import Any

from bentoml._internal.server.http import traffic
from starlette.types import ASGIApp


def _without_timer(app: ASGIApp, timeout: float) -> ASGIApp:
    return app


traffic.TimeoutMiddleware = _without_timer

TRAFFIC: dict[str, Any] = {"timeout": 24 * 3600}
"""In seconds; only BentoML's own clients, which the cascade does not use, still heed it."""
