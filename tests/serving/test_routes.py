"""A path that leads nowhere makes no name of its own."""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hikari_serve.serving.routes import route_of


async def nothing(request: Request) -> Response:
    return Response()


def app(folder: Path) -> Starlette:
    inner = Starlette(routes=[Route("/infer", nothing, methods=["POST"]), Route("/m/{n}", nothing)])
    files = Mount("/assets", StaticFiles(directory=folder))
    return Starlette(routes=[Route("/livez", nothing), files, Mount("", inner)])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/livez", "/livez"),
        ("/infer", "/infer"),
        ("/m/17", "/m/{n}"),
        ("/m/17/18", "other"),
        ("/nowhere/1", "other"),
        ("/assets/17", "/assets"),
        ("/livez/17", "other"),
        ("/other", "other"),
    ],
)
def test_only_routes_are_names(tmp_path: Path, path: str, name: str) -> None:
    scope = {"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []}
    assert route_of(app(tmp_path), scope) == name
