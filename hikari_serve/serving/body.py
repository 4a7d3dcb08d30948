"""Bodies of requests, bounded."""

from collections.abc import AsyncGenerator

from starlette.requests import Request

from hikari_serve.errors import TooLarge

BASE64_OVERHEAD = 4 / 3
FIELDS_BYTES = 64_000
"""Room in a body for everything that is not the picture."""


def json_bytes(picture: int) -> int:
    """The largest JSON body that holds a picture of so many bytes in base64."""
    return int(picture * BASE64_OVERHEAD) + FIELDS_BYTES


async def stream_body(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Gives the body as it comes, and stops where it grows too large.

    Raises:
        TooLarge: It has more bytes than `limit`.
    """
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit} bytes, the most that is accepted")
        yield chunk


async def read_body(request: Request, limit: int) -> bytes:
    """Reads the body whole.

    Raises:
        TooLarge: It has more bytes than `limit`.
    """
    return b"".join([chunk async for chunk in stream_body(request, limit)])
