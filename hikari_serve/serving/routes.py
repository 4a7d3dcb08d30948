"""The name of the route that a request asks for: few names, however many paths."""

from starlette.applications import Starlette
from starlette.routing import Match, Mount, Route, Router
from starlette.types import ASGIApp, Scope

OTHER = "other"
"""The name of every path that leads nowhere."""


def route_of(app: ASGIApp, scope: Scope) -> str:
    """The path of the route as it was declared, such as `/models/{name}`; `other` where none is.

    Args:
        app: The application.
        scope: Of the request; its path is that within the application.
    """
    for route in app.routes if isinstance(app, Starlette | Router) else ():
        match, child = route.matches(scope)
        if match is Match.NONE:
            continue
        if isinstance(route, Mount):
            inner = route_of(route.app, {**scope, **child})
            return route.path + inner if inner != OTHER else route.path or OTHER
        if isinstance(route, Route):
            return route.path
    return OTHER
