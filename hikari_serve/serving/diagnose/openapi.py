"""Our own OpenAPI description, made from the same types that read requests and write answers."""

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from hikari_serve import __version__
from hikari_serve.cascade.answer import NOTICE
from hikari_serve.presentation.answer import Answer
from hikari_serve.serving.diagnose.intake import Parameters

_REF = "#/components/schemas/{model}"
_PICTURE = {"type": "string", "format": "binary"}
_ERRORS = {
    "400": "A field is missing, unknown or out of range.",
    "401": "A key is asked for, and none that is known was sent.",
    "403": "The key has no right to this.",
    "405": "The path takes another method, which `Allow` names.",
    "408": "The headers or the body came too slowly.",
    "413": "The body is too large, or the picture has too many pixels.",
    "415": "The content type or the picture's format is not read here.",
    "421": "The server has no name such as the `Host` says.",
    "422": "The picture cannot be read, or is outside the limits.",
    "429": "The queue is full; retry after `Retry-After` seconds.",
    "500": "A stage failed.",
    "503": "No stage could answer; `Retry-After` says when one may.",
    "504": "The deadline passed before any stage answered.",
}


def openapi(stages: Sequence[str]) -> dict[str, Any]:
    """The description of `/diagnose` and `/diagnose/stream` as an OpenAPI 3.1 object.

    Args:
        stages: The names of the served cascade's stages, which `until` may be.
    """
    _, schemas = models_json_schema(
        [(Parameters, "validation"), (Answer, "serialization")], ref_template=_REF
    )
    text = {"schema": {"type": "string"}}
    answer = {
        "application/json": {"schema": {"$ref": _REF.format(model="Answer")}},
        "text/html": text,
        "text/markdown": text,
    }
    events = {"text/event-stream": text}
    return {
        "openapi": "3.1.0",
        "info": {"title": "HIKARI Serve", "version": __version__, "description": NOTICE},
        "paths": {
            "/diagnose": {
                "post": _operation("diagnose", "Read a picture of a lesion", answer, stages)
            },
            "/diagnose/stream": {
                "post": _operation(
                    "diagnose_stream",
                    "The same, stage by stage",
                    events,
                    stages,
                    without=("format",),
                )
            },
        },
        "components": {"schemas": {**schemas["$defs"], "Error": _error_schema()}},
    }


def _operation(
    name: str,
    summary: str,
    content: dict[str, Any],
    stages: Sequence[str],
    without: tuple[str, ...] = (),
) -> dict[str, Any]:
    parameters = Parameters.model_json_schema()["properties"]
    parameters = {field: parameters[field] for field in parameters if field not in without}
    parameters["until"] = {**parameters["until"], "enum": [*stages, None]}
    form = {"image": _PICTURE, **parameters}
    base64_form = {"image": {"type": "string", "contentEncoding": "base64"}, **parameters}
    error = {"application/json": {"schema": {"$ref": _REF.format(model="Error")}}}
    query = [
        {"name": field, "in": "query", "schema": schema, "description": schema["description"]}
        for field, schema in parameters.items()
    ]
    return {
        "operationId": name,
        "summary": summary,
        "parameters": query,
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _object(form)},
                "application/json": {"schema": _object(base64_form)},
                "image/*": {"schema": _PICTURE},
            },
        },
        "responses": {
            "200": {"description": "The answer, whole or partial.", "content": content},
            **{status: {"description": text, "content": error} for status, text in _ERRORS.items()},
        },
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": ["image"], "properties": properties}


def _error_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error", "code"],
        "properties": {
            "error": {"type": "string", "description": "What was wrong and what would be right."},
            "code": {"type": "string", "description": "Stable identifier of the kind of error."},
            "retry_after": {"type": "number", "description": "Seconds."},
        },
    }
