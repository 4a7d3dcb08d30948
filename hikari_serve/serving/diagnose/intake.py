"""From an HTTP request to what it asks: multipart, JSON with base64, or the bare picture."""

import asyncio
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.errors import InvalidInput, UnsupportedMedia
from hikari_serve.presentation.answer import TOP_K
from hikari_serve.quoting import quoted
from hikari_serve.serving.asking import Asking
from hikari_serve.serving.body import FIELDS_BYTES, json_bytes, read_body, stream_body
from hikari_serve.serving.diagnose.fields import given, once
from hikari_serve.serving.diagnose.json_body import read_json
from hikari_serve.serving.ending import ending
from hikari_serve.serving.request_id import request_id_of

Format = Literal["json", "html", "md"]


class Options(Asking):
    """What a request may ask besides its picture, at whichever door."""

    top_k: int = Field(TOP_K, ge=1, le=100, description="Labels in the differential.")


class Parameters(Options):
    """What `/diagnose` may be asked; fields of the form, the JSON or the query."""

    format: Format | None = Field(
        None, description="The answer as JSON or as a report; `Accept` decides without it."
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller asks, and how it wants to read the answer.

    Attributes:
        request: For the cascade.
        format: What was named; None leaves it to the `Accept` header.
        top_k: Length of the differential.
    """

    request: CascadeRequest
    format: Format | None
    top_k: int


async def read_request(request: Request, max_image_bytes: int) -> Asked:
    """Reads a request to `/diagnose`.

    Raises:
        TooLarge: The body is larger than a picture may be.
        UnsupportedMedia: The content type is none of the three.
        InvalidInput: A field is missing, unknown, double or out of range.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if (coding := request.headers.get("content-encoding", "identity").lower()) != "identity":
        raise UnsupportedMedia(
            f"content encoding '{quoted(coding)}' is not read here; send the body as it is"
        )
    fields = given(once(request.query_params.multi_items()))
    if "image" in fields:
        raise InvalidInput("a picture cannot be in the query; send it in the body")
    if kind == "multipart/form-data":
        image, more = await _multipart(request, max_image_bytes + FIELDS_BYTES)
    elif kind == "application/json":
        body = await read_body(request, json_bytes(max_image_bytes))
        image, more = await asyncio.to_thread(read_json, body)
    elif kind.startswith("image/") or kind == "application/octet-stream":
        image, more = await read_body(request, max_image_bytes), {}
    else:
        raise UnsupportedMedia(
            f"content type '{quoted(kind)}' is not read here; send multipart/form-data with the "
            "field `image`, application/json with `image` in base64, or the picture itself as "
            "image/*"
        )
    if double := set(fields) & set(more):
        raise InvalidInput(f"{quoted(min(double))} is given in both the query and the body")
    asked = Parameters.read({**fields, **more})
    diagnose = asked.request(request_id_of(request.scope), image, ending().trace)
    return Asked(diagnose, asked.format, asked.top_k)


class _InMemory(MultiPartParser):
    """Keeps files in memory, and writes none to a disk."""

    spool_max_size = 0  # to Python's temporary files: no limit


async def _multipart(request: Request, limit: int) -> tuple[bytes, dict[str, Any]]:
    stream = stream_body(request, limit)
    parser = _InMemory(request.headers, stream, max_files=1, max_fields=16)
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        async for _ in stream:
            pass  # who still sends would not read the answer
        raise InvalidInput(f"the multipart body cannot be read: {quoted(str(error))}") from None
    fields: list[tuple[str, str]] = []
    image: bytes | None = None
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if name != "image":
                    raise InvalidInput(
                        f"unknown file field '{quoted(name)}'; the picture is `image`"
                    )
                image = await value.read()
            else:
                fields.append((name, value))
    finally:
        await form.close()
    if image is None and any(name == "image" for name, _ in fields):
        raise InvalidInput(
            "the field `image` came as text; send it as a file (curl: -F image=@lesion.jpg)"
        )
    if image is None:
        raise InvalidInput("the file field `image` is missing")
    return image, given(once(fields))
