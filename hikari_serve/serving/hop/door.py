"""A stage's own door: `POST /infer` takes a call, `GET /describe` introduces the runner."""

import json
import logging

from starlette.applications import Starlette
from starlette.datastructures import State as AppState
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hikari_serve.errors import HikariError, Unavailable, UnsupportedMedia
from hikari_serve.quoting import quoted
from hikari_serve.serving.body import read_body
from hikari_serve.serving.errors import error_response, handle_error
from hikari_serve.serving.hangup import (
    LiveStream,
    Write,
    handle_hang_up,
    respond_while_connected,
)
from hikari_serve.serving.hop.wire import (
    CALL,
    CALL_BYTES,
    NDJSON,
    PROTOCOL,
    Introduction,
    read_call,
)
from hikari_serve.serving.request_id import current
from hikari_serve.stage import Item, OnText, Stage, StageResult, State

logger = logging.getLogger(__name__)

PATHS = ("/infer", "/describe")
"""All that a stage may be asked for."""


def stage_app(name: str, processes: int = 1) -> Starlette:
    """The runner's own routes; `app.state.stage` is set when the service starts.

    Args:
        name: The stage.
        processes: How many answer at its address.
    """
    app = Starlette(
        routes=[
            Route("/infer", _infer, methods=["POST"]),
            Route("/describe", _describe, methods=["GET"]),
        ],
        exception_handlers={HikariError: handle_error, ClientDisconnect: handle_hang_up},
    )
    app.state.name = name
    app.state.processes = processes
    return app


async def _infer(request: Request) -> Response:
    state = request.app.state
    kind = request.headers.get("content-type", "")
    if kind != CALL:
        raise UnsupportedMedia(f"a stage reads {CALL}, not '{quoted(kind)}'")
    item = read_call(await read_body(request, CALL_BYTES))
    current.set(item.id)
    if NDJSON in request.headers.get("accept", ""):
        return LiveStream(lambda write: _stream(state, item, write), NDJSON)
    return await respond_while_connected(request, _answer(state, item))


async def _describe(request: Request) -> Response:
    state = request.app.state
    stage: Stage = state.stage
    said = Introduction(
        protocol=PROTOCOL,
        stage=state.name,
        hosted=await stage.describe(),
        processes=state.processes,
    )
    return Response(said.model_dump_json(), media_type="application/json")


async def _answer(state: AppState, item: Item) -> Response:
    result = await _result(state, item)
    return Response(result.model_dump_json(), media_type="application/json")


async def _stream(state: AppState, item: Item, write: Write) -> Response | None:
    said = False

    def say(text: str) -> None:
        nonlocal said
        said = True
        write(json.dumps({"text": text}) + "\n")

    try:
        result = await _result(state, item, say)
    except HikariError as error:
        if not said:
            return error_response(error)
        write(json.dumps(error.payload()) + "\n")
    else:
        write(f'{{"result": {result.model_dump_json()}}}\n')
    return None


async def _result(state: AppState, item: Item, say: OnText | None = None) -> StageResult:
    """What the stage answers; what nobody foresaw is the error that it is inside the API too."""
    stage: Stage = state.stage
    try:
        if state.processes > 1:
            await _check_loaded(stage)
        return await stage.infer(item, say)
    except HikariError:
        raise
    except Exception as error:
        logger.exception("stage %s failed", state.name)
        raise HikariError(f"stage {state.name} failed: {error!r}") from error


async def _check_loaded(stage: Stage) -> None:
    """Refuses to let a call wait in a process that loads, for another at its address may answer.

    Raises:
        Unavailable: It loads, and has nothing yet.
    """
    states = {each.state for each in await stage.describe()}
    if State.LOADING in states and State.READY not in states:
        raise Unavailable("the model is LOADING in this process")
