"""From an HTTP request to what it asks: multipart, JSON with base64, or the bare picture."""

import base64
import binascii
import json
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.errors import InvalidInput, TooLarge, UnsupportedMedia
from hikari_serve.presentation.answer import TOP_K
from hikari_serve.stage import DEFAULT_PRIORITY

BASE64_OVERHEAD = 4 / 3
FIELDS_BYTES = 64_000
"""Room in a body for everything that is not the picture."""


Format = Literal["json", "html", "md"]


class Parameters(BaseModel):
    """What a request may ask besides its picture; fields of the form, the JSON or the query."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    until: str | None = Field(
        None, max_length=64, description="Stop after this stage; all stages run without it."
    )
    top_k: int = Field(TOP_K, ge=1, le=100, description="Labels in the differential.")
    description: str | None = Field(
        None,
        min_length=1,
        max_length=4000,
        description="Words about the picture, for cascades whose references compare them.",
    )
    references: int | None = Field(
        None, ge=0, le=3, description="Reference cases to compare with; 0 is none."
    )
    timeout_ms: int | None = Field(
        None, ge=1, le=3_600_000, description="Deadline of the whole, in milliseconds."
    )
    priority: int = Field(DEFAULT_PRIORITY, ge=1, le=9, description="1 is served first, 9 last.")
    format: Format | None = Field(
        None, description="The answer as JSON or as a report; `Accept` decides without it."
    )

    def request(
        self, request_id: str, image: bytes, traceparent: str | None = None
    ) -> CascadeRequest:
        """What this asks of a cascade, for a picture."""
        return CascadeRequest(
            id=request_id,
            image=image,
            until=self.until,
            description=self.description,
            cases=self.references,
            timeout_ms=self.timeout_ms,
            priority=self.priority,
            traceparent=traceparent,
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller asks, and how it wants to read the answer.

    Attributes:
        request: For the cascade.
        format: What was named; None leaves it to the `Accept` header.
        name: The picture's file name, where the body has one.
        top_k: Length of the differential.
    """

    request: CascadeRequest
    format: Format | None
    name: str
    top_k: int


async def read_request(request: Request, max_image_bytes: int) -> Asked:
    """Reads a request to `/diagnose`.

    Raises:
        TooLarge: The body is larger than a picture may be.
        UnsupportedMedia: The content type is none of the three.
        InvalidInput: A field is missing, unknown, double or out of range.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    fields: dict[str, Any] = dict(request.query_params)
    name = ""
    if kind == "multipart/form-data":
        body = await _body(request, max_image_bytes + FIELDS_BYTES)
        image, name, more = await _multipart(request, body)
    elif kind == "application/json":
        body = await _body(request, int(max_image_bytes * BASE64_OVERHEAD) + FIELDS_BYTES)
        image, more = _json(body)
    elif kind.startswith("image/") or kind == "application/octet-stream":
        image, more = await _body(request, max_image_bytes), {}
    else:
        raise UnsupportedMedia(
            f"content type '{kind}' is not read here; send multipart/form-data with the field "
            "`image`, application/json with `image` in base64, or the picture itself as image/*"
        )
    if double := set(fields) & set(more):
        raise InvalidInput(f"{min(double)} is given in both the query and the body")
    asked = _parameters({**fields, **more})
    diagnose = asked.request(
        request.headers.get("x-request-id") or uuid.uuid4().hex,
        image,
        request.headers.get("traceparent"),
    )
    return Asked(diagnose, asked.format, name, asked.top_k)


async def _body(request: Request, limit: int) -> bytes:
    """Reads the body, and stops reading where it grows too large."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit} bytes, the most that is accepted")
        chunks.append(chunk)
    return b"".join(chunks)


async def _multipart(request: Request, body: bytes) -> tuple[bytes, str, dict[str, str]]:
    async def once() -> AsyncIterator[bytes]:
        yield body

    parser = MultiPartParser(request.headers, once(), max_files=1, max_fields=16)  # type: ignore[arg-type]
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        raise InvalidInput(f"the multipart body cannot be read: {error}") from None
    fields: dict[str, str] = {}
    image: bytes | None = None
    file = ""
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if name != "image":
                    raise InvalidInput(f"unknown file field '{name}'; the picture is `image`")
                image, file = await value.read(), value.filename or ""
            elif name in fields:
                raise InvalidInput(f"{name} is given twice")
            else:
                fields[name] = value
    finally:
        await form.close()
    if image is None:
        raise InvalidInput("the file field `image` is missing")
    return image, file, fields


def _json(body: bytes) -> tuple[bytes, dict[str, Any]]:
    try:
        fields = json.loads(body)
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("image"), str):
        raise InvalidInput("the JSON must be an object whose `image` is a picture in base64")
    try:
        return base64.b64decode(fields.pop("image"), validate=True), fields
    except binascii.Error as error:
        raise InvalidInput(f"image is not base64: {error}") from None


def _parameters(fields: Mapping[str, Any]) -> Parameters:
    try:
        return Parameters.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            known = ", ".join(Parameters.model_fields)
            raise InvalidInput(f"unknown field '{name}'; there are image, {known}") from None
        raise InvalidInput(f"{name}: {first['msg']}, not '{first['input']}'") from None
