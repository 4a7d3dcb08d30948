"""A stage's own door, `POST /infer` and `GET /describe`, and what crosses it.

It takes an `Item` as JSON and answers a `StageResult`. With `Accept: application/x-ndjson` it
streams lines: `{"text": ...}` for words, and last `{"result": ...}` or `{"error": ..., "code":
...}`. It never reads pickle.
"""

import json
import time

from pydantic import TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hikari_serve.errors import HikariError, InvalidInput, UnsupportedMedia
from hikari_serve.quoting import quoted
from hikari_serve.serving.body import read_body
from hikari_serve.serving.errors import error_response, handle_error
from hikari_serve.serving.hangup import (
    LiveStream,
    Write,
    handle_hang_up,
    respond_while_connected,
)
from hikari_serve.serving.request_id import current
from hikari_serve.stage import Hosted, Item, Stage

ITEM_BYTES = 64_000_000
"""Of an item as JSON: the largest view, losslessly encoded, in base64."""

MAX_SECONDS = 24 * 3600.0
"""How far ahead a deadline may be; the API's are at most an hour ahead."""

NDJSON = "application/x-ndjson"
HOSTED = TypeAdapter(tuple[Hosted, ...])
"""What `GET /describe` answers."""


PATHS = ("/infer", "/describe")
"""All that a stage may be asked for."""


def stage_app() -> Starlette:
    """The runner's own routes; `app.state.stage` is set when the service starts."""
    return Starlette(
        routes=[
            Route("/infer", _infer, methods=["POST"]),
            Route("/describe", _describe, methods=["GET"]),
        ],
        exception_handlers={HikariError: handle_error, ClientDisconnect: handle_hang_up},
    )


async def _infer(request: Request) -> Response:
    stage: Stage = request.app.state.stage
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/json"):
        raise UnsupportedMedia(f"a stage reads application/json, not '{quoted(kind)}'")
    try:
        item = Item.model_validate_json(await read_body(request, ITEM_BYTES))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = quoted(".".join(map(str, first["loc"])) or "body")
        raise InvalidInput(f"item: {where}: {quoted(first['msg'])}") from None
    if item.deadline > time.time() + MAX_SECONDS:
        raise InvalidInput(f"item: deadline: it is more than {MAX_SECONDS:g} s ahead")
    current.set(item.id)
    if NDJSON in request.headers.get("accept", ""):
        return LiveStream(lambda write: _stream(stage, item, write), NDJSON)
    return await respond_while_connected(request, _answer(stage, item))


async def _describe(request: Request) -> Response:
    stage: Stage = request.app.state.stage
    hosted = HOSTED.dump_json(await stage.describe())
    return Response(hosted, media_type="application/json")


async def _answer(stage: Stage, item: Item) -> Response:
    result = await stage.infer(item)
    return Response(result.model_dump_json(), media_type="application/json")


async def _stream(stage: Stage, item: Item, write: Write) -> Response | None:
    said = False

    def say(text: str) -> None:
        nonlocal said
        said = True
        write(json.dumps({"text": text}) + "\n")

    try:
        result = await stage.infer(item, say)
    except HikariError as error:
        if not said:
            return error_response(error)
        write(json.dumps(error.payload()) + "\n")
    else:
        write(f'{{"result": {result.model_dump_json()}}}\n')
    return None
