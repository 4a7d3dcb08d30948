"""The API over scripted stages, and servers that answer anything at all."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving.conftest import admission as admission
from tests.serving.conftest import api as api
from tests.serving.conftest import keys as keys
from tests.serving.conftest import observer as observer

Answering = Callable[[Response], str]


@contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Serves an app on a free port, and gives its URL."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Starts a server that answers everything with one response, and gives its URL."""
    with ExitStack() as running:

        def start(response: Response) -> str:
            async def answer(request: Request) -> Response:
                await request.body()
                return response

            routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
            return running.enter_context(serving(Starlette(routes=routes)))

        yield start
