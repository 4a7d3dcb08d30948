"""Bodies of requests, whole and bounded."""

from starlette.requests import Request

from hikari_serve.errors import TooLarge

BASE64_OVERHEAD = 4 / 3
FIELDS_BYTES = 64_000
"""Room in a body for everything that is not the picture."""


def json_bytes(picture: int) -> int:
    """The largest JSON body that holds a picture of so many bytes in base64."""
    return int(picture * BASE64_OVERHEAD) + FIELDS_BYTES


async def read_body(request: Request, limit: int) -> bytes:
    """Reads the body, and stops reading where it grows too large.

    Raises:
        TooLarge: It has more bytes than `limit`.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit} bytes, the most that is accepted")
        chunks.append(chunk)
    return b"".join(chunks)
