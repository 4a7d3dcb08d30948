"""The API over scripted stages, and servers that answer anything at all."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving.conftest import admission as admission
from tests.serving.conftest import api as api
from tests.serving.conftest import keys as keys
from tests.serving.conftest import observer as observer
from tests.serving.threaded import threaded

Answering = Callable[[Response], str]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Starts a server that answers everything with one response, and gives its URL."""
    with ExitStack() as running:

        def start(response: Response) -> str:
            async def answer(request: Request) -> Response:
                await request.body()
                return response

            routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
            return running.enter_context(threaded(Starlette(routes=routes))).url

        yield start
