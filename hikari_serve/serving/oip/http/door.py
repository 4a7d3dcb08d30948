"""The routes of `/v2`: HTTP in, one question to the data plane, HTTP out."""

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hikari_serve import __version__
from hikari_serve.errors import InvalidInput, NotFound, Unsupported
from hikari_serve.quoting import quoted
from hikari_serve.serving.body import FIELDS_BYTES, json_bytes
from hikari_serve.serving.ending import ending
from hikari_serve.serving.hangup import respond_while_connected
from hikari_serve.serving.oip.config_json import config_json
from hikari_serve.serving.oip.control import check_load, check_unload
from hikari_serve.serving.oip.dataplane import EXTENSIONS, NAME, DataPlane
from hikari_serve.serving.oip.http.coding import read_decoded
from hikari_serve.serving.oip.http.errors import Handler, translated
from hikari_serve.serving.oip.http.json_text import parse
from hikari_serve.serving.oip.http.reading import HEADER, Asked, read
from hikari_serve.serving.oip.http.statistics import statistics_json
from hikari_serve.serving.oip.http.writing import write
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.serving.oip.signature import Port
from hikari_serve.serving.request_id import request_id_of

MODEL = ("/v2/models/{model}", "/v2/models/{model}/versions/{version}")

UNSUPPORTED = {
    "/v2/systemsharedmemory/{rest:path}": "shared memory is not offered; send the data itself",
    "/v2/cudasharedmemory/{rest:path}": "shared memory is not offered; send the data itself",
    "/v2/trace/setting": "tracing is set where the server is started",
    "/v2/models/{model}/trace/setting": "tracing is set where the server is started",
    "/v2/logging": "logging is set where the server is started",
    "/v2/models/{model}/generate": "there is no generate; ask `infer`, or /diagnose",
    "/v2/models/{model}/generate_stream": "there is no generate; ask /diagnose/stream, or "
    "ModelStreamInfer over gRPC",
}
"""The rest of Triton's surface, and what to do instead."""


def oip_routes() -> list[Route]:
    """The routes; the application's `state.dataplane` is set when the service starts."""
    routes = [
        _route("/v2", _server, "GET"),
        _route("/v2/health/live", _live, "GET"),
        _route("/v2/health/ready", _ready, "GET"),
        _route("/v2/models/stats", _statistics, "GET"),
        _route("/v2/repository/index", _index, "POST"),
        _route("/v2/repository/models/{model}/load", _load, "POST"),
        _route("/v2/repository/models/{model}/unload", _unload, "POST"),
    ]
    for path, why in UNSUPPORTED.items():
        routes.append(_route(path, _refused(why), "GET", "POST"))
        if path.startswith(MODEL[0]):
            routes.append(_route(path.replace(*MODEL), _refused(why), "GET", "POST"))
    for path in MODEL:
        routes += [
            _route(path, _metadata, "GET"),
            _route(f"{path}/ready", _model_ready, "GET"),
            _route(f"{path}/config", _config, "GET"),
            _route(f"{path}/stats", _statistics, "GET"),
            _route(f"{path}/infer", _infer, "POST"),
        ]
    return [*routes, _route("/v2/{rest:path}", _nowhere, "GET", "POST", "PUT", "PATCH", "DELETE")]


def _route(path: str, handle: Handler, *methods: str) -> Route:
    return Route(path, translated(handle), methods=methods)


def _plane(request: Request) -> DataPlane:
    plane: DataPlane = request.app.state.dataplane
    return plane


def _named(request: Request) -> tuple[str, str]:
    return request.path_params.get("model", ""), request.path_params.get("version", "")


async def _server(request: Request) -> Response:
    return JSONResponse({"name": NAME, "version": __version__, "extensions": list(EXTENSIONS)})


async def _live(request: Request) -> Response:
    return JSONResponse({"live": True})


async def _ready(request: Request) -> Response:
    ready = await _plane(request).ready()
    return JSONResponse({"ready": ready}, 200 if ready else 503)


async def _model_ready(request: Request) -> Response:
    model, version = _named(request)
    ready = await _plane(request).model_ready(model, version)
    return JSONResponse({"name": model, "ready": ready}, 200 if ready else 503)


async def _metadata(request: Request) -> Response:
    found = _plane(request).metadata(*_named(request))
    return JSONResponse(
        {
            "name": found.name,
            "versions": list(found.versions),
            "platform": found.signature.platform,
            "inputs": [_port(each) for each in found.signature.inputs.values()],
            "outputs": [_port(each) for each in found.signature.outputs.values()],
        }
    )


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "datatype": port.datatype, "shape": list(port.shape)}


async def _config(request: Request) -> Response:
    return JSONResponse(config_json(_plane(request).metadata(*_named(request)).signature.config))


async def _statistics(request: Request) -> Response:
    model, version = _named(request)
    return JSONResponse(statistics_json(_plane(request).statistics(model, version)))


async def _index(request: Request) -> Response:
    asked = await _object(request)
    ready = asked.get("ready", False)
    if not isinstance(ready, bool):
        raise InvalidInput("the body is an object whose `ready` is true or false")
    rows = await _plane(request).index(ready=ready)
    return JSONResponse(
        [
            {
                "name": each.model,
                **({"version": str(each.version)} if each.version else {}),
                "state": each.state,
                "reason": each.reason,
            }
            for each in rows
        ]
    )


async def _load(request: Request) -> Response:
    controller = _plane(request).controller()  # nothing is read where control is off
    check_load(await _parameters(request))
    await controller.load(request.path_params["model"])
    return Response()


async def _unload(request: Request) -> Response:
    controller = _plane(request).controller()
    check_unload(await _parameters(request))
    await controller.unload(request.path_params["model"])
    return Response()


async def _parameters(request: Request) -> dict[str, Any]:
    """What a load or unload asks for besides."""
    parameters = (await _object(request)).get("parameters", {})
    if not isinstance(parameters, dict):
        raise InvalidInput("the body is an object whose `parameters` is an object")
    return parameters


async def _object(request: Request) -> dict[str, Any]:
    """The body, a JSON object without pictures; an empty one where there is none."""
    asked = parse(await read_decoded(request, FIELDS_BYTES) or b"{}")
    if not isinstance(asked, dict):
        raise InvalidInput("the body is a JSON object")
    return asked


async def _infer(request: Request) -> Response:
    header = request.headers.get(HEADER)
    most = request.app.state.settings.max_image_bytes
    limit = json_bytes(most) if header is None else most + FIELDS_BYTES
    model, version = _named(request)
    # the body is nobody's once it is read, so that an answer is waited for without it
    asked = await asyncio.to_thread(read, await read_decoded(request, limit), header, model)
    infer = InferRequest(
        model=model,
        version=version,
        id=asked.id,
        inputs=asked.inputs,
        outputs=asked.outputs,
        parameters=asked.parameters,
        request_id=request_id_of(request.scope),
        traceparent=ending().trace,
    )
    return await respond_while_connected(request, _answer(request, infer, asked))


async def _answer(request: Request, infer: InferRequest, asked: Asked) -> Response:
    answer = await _plane(request).infer(infer)
    return write(answer, asked.binary, request.headers.get("accept-encoding", ""))


def _refused(why: str) -> Handler:
    async def refuse(request: Request) -> Response:
        raise Unsupported(why)

    return refuse


async def _nowhere(request: Request) -> Response:
    raise NotFound(f"there is no '{request.method} {quoted(request.url.path)}' here")
