"""The doors `/diagnose` and `/diagnose/stream`: HTTP in, one run of the cascade, HTTP out."""

import json
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.report import Words
from hikari_serve.cascade.request import Event
from hikari_serve.errors import HikariError, InvalidInput
from hikari_serve.presentation.events import event_of
from hikari_serve.presentation.present import present
from hikari_serve.serving.diagnose.intake import Asked, Format, read_request
from hikari_serve.serving.diagnose.openapi import openapi
from hikari_serve.serving.diagnose.reports import accepted_format, report_response
from hikari_serve.serving.ending import ending
from hikari_serve.serving.errors import (
    LastHandler,
    error_response,
    handle_error,
    handle_http,
    unforeseen,
)
from hikari_serve.serving.hangup import (
    LiveStream,
    Write,
    handle_hang_up,
    respond_while_connected,
)
from hikari_serve.settings import Settings

EVENT_STREAM = "text/event-stream; charset=utf-8"
BEGUN = ": the picture is read\n\n"
"""The first chunk of a stream: a comment, which sends the headers before any stage answers."""
PULSE = ": the stages are at work\n\n"

PAGE_MAY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src blob: "
    "data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
"""What the page may do; it says so itself too, for who saves it."""


def diagnose_app(settings: Settings, graph: Graph) -> Starlette:
    """The routes of the API; `app.state.cascade` is set when the service starts.

    Args:
        settings: Limits of what may be sent.
        graph: The served cascade's stages.
    """
    app = Starlette(
        routes=[
            Route("/diagnose", _diagnose, methods=["POST"]),
            Route("/diagnose/stream", _stream, methods=["POST"]),
            Route("/docs.json", _docs, methods=["GET"]),
            Route("/", _page, methods=["GET"]),
        ],
        middleware=[Middleware(LastHandler)],
        exception_handlers={
            HikariError: handle_error,
            HTTPException: handle_http,
            ClientDisconnect: handle_hang_up,
        },
    )
    app.state.settings = settings
    app.state.openapi = openapi(graph.steps)
    return app


async def _docs(request: Request) -> Response:
    return JSONResponse(request.app.state.openapi)


async def _page(request: Request) -> Response:
    # BentoML's own index page would load an analytics script from the net.
    policy = {"content-security-policy": f"{PAGE_MAY}; frame-ancestors 'none'"}
    return FileResponse(Path(__file__).with_name("page.html"), headers=policy)


async def _diagnose(request: Request) -> Response:
    asked = await read_request(request, request.app.state.settings.max_image_bytes)
    form = asked.format or accepted_format(request.headers.get("accept", ""))
    return await respond_while_connected(request, _answer(request.app.state.cascade, asked, form))


async def _answer(cascade: Cascade, asked: Asked, form: Format) -> Response:
    its = ending()
    found = await cascade.run(asked.request, on_end=its.stage)
    its.answered(found.status)
    answer = present(found, asked.top_k)
    if form == "json":
        return Response(answer.model_dump_json(), media_type="application/json")
    return await report_response(answer, asked, form, cascade.decoder)


async def _stream(request: Request) -> Response:
    asked = await read_request(request, request.app.state.settings.max_image_bytes)
    if asked.format not in (None, "json"):
        raise InvalidInput("a stream has no format; ask /diagnose for a report")
    cascade: Cascade = request.app.state.cascade
    return LiveStream(lambda write: _events(cascade, asked, write), EVENT_STREAM, PULSE)


async def _events(cascade: Cascade, asked: Asked, write: Write) -> Response | None:
    begun = False
    its = ending()

    def begin() -> None:
        nonlocal begun
        begun = True
        write(BEGUN)

    def tell(event: Event) -> None:
        its.event(words=isinstance(event, Words))
        name, data = event_of(event, asked.top_k)
        write(_sse(name, data.model_dump_json()))

    try:
        found = await cascade.run(asked.request, tell, its.stage, begin)
        its.answered(found.status)
        write(_sse("answer", present(found, asked.top_k).model_dump_json()))
    except Exception as error:  # a stream that has begun cannot break off in a way that is seen
        failure = error if isinstance(error, HikariError) else unforeseen("/diagnose/stream")
        its.failed(failure)
        if not begun:
            return error_response(failure)
        write(_sse("error", json.dumps(failure.payload())))
    return None


def _sse(event: str, data: str) -> str:
    return f"event: {event}\ndata: {data}\n\n"
