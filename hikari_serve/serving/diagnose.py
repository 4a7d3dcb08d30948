"""The doors `/diagnose` and `/diagnose/stream`: HTTP in, one run of the cascade, HTTP out."""

import json
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from hikari_serve.cascade.answer import StageEnd
from hikari_serve.cascade.answer_parts import caption_answer, disease_answer, group_answer
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.request import CascadeRequest, Event
from hikari_serve.errors import HikariError, InvalidInput
from hikari_serve.serving.errors import error_response, handle_error
from hikari_serve.serving.hangup import LiveStream, Write, respond_while_connected
from hikari_serve.serving.intake import Asked, Format, read_request
from hikari_serve.serving.openapi import openapi
from hikari_serve.serving.reports import accepted_format, report_response
from hikari_serve.settings import Settings
from hikari_serve.stage import Classification, Retrieval

EVENT_STREAM = "text/event-stream"


def diagnose_app(settings: Settings) -> Starlette:
    """The routes of the API; `app.state.cascade` is set when the service starts."""
    app = Starlette(
        routes=[
            Route("/diagnose", _diagnose, methods=["POST"]),
            Route("/diagnose/stream", _stream, methods=["POST"]),
            Route("/docs.json", _docs, methods=["GET"]),
            Route("/", _page, methods=["GET"]),
        ],
        exception_handlers={HikariError: handle_error},
    )
    app.state.settings = settings
    return app


async def _docs(request: Request) -> Response:
    return JSONResponse(openapi())


async def _page(request: Request) -> Response:
    # BentoML's own index page would load an analytics script from the net.
    return FileResponse(Path(__file__).with_name("page.html"))


async def _diagnose(request: Request) -> Response:
    asked = await read_request(request, request.app.state.settings.max_image_bytes)
    form = asked.format or accepted_format(request.headers.get("accept", ""))
    return await respond_while_connected(request, _answer(request.app.state.cascade, asked, form))


async def _answer(cascade: Cascade, asked: Asked, form: Format) -> Response:
    answer = await cascade.run(asked.request)
    if form == "json":
        return Response(answer.model_dump_json(), media_type="application/json")
    return await report_response(answer, asked, form, cascade.limits)


async def _stream(request: Request) -> Response:
    asked = await read_request(request, request.app.state.settings.max_image_bytes)
    if asked.format not in (None, "json"):
        raise InvalidInput("a stream has no format; ask /diagnose for a report")
    cascade: Cascade = request.app.state.cascade
    return LiveStream(lambda write: _events(cascade, asked.request, write), EVENT_STREAM)


async def _events(cascade: Cascade, asked: CascadeRequest, write: Write) -> Response | None:
    said = False

    def tell(event: Event) -> None:
        nonlocal said
        said = True
        write(_event(event, asked.top_k))

    try:
        answer = await cascade.run(asked, tell)
    except HikariError as error:
        if not said:
            return error_response(error)
        write(_sse("error", json.dumps(error.payload())))
    else:
        write(_sse("answer", answer.model_dump_json()))
    return None


def _event(event: Event, top_k: int) -> str:
    """One server-sent event, named by the task that ended; `words` for words on the way, and
    `stage` for one that has no result.
    """
    if not isinstance(event, StageEnd):
        return _sse("words", json.dumps({"stage": event.stage, "text": event.text}))
    if event.result is None:
        return _sse("stage", event.report().model_dump_json())
    output = event.result.output
    if isinstance(output, Retrieval):
        return _sse("references", output.model_dump_json(include={"cases"}))
    if not isinstance(output, Classification):
        return _sse(event.task, caption_answer(output, None).model_dump_json())
    if event.task == "group":
        return _sse("group", group_answer(output).model_dump_json())
    return _sse("disease", disease_answer(output, top_k).model_dump_json())


def _sse(event: str, data: str) -> str:
    return f"event: {event}\ndata: {data}\n\n"
