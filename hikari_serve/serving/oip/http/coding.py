"""Bodies that come compressed, bounded by what they become, and answers that leave so."""

import gzip
import zlib

from starlette.requests import Request

from hikari_serve.errors import InvalidInput, TooLarge, UnsupportedMedia
from hikari_serve.quoting import quoted
from hikari_serve.serving.body import read_body

WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""How zlib is told of each coding; `deflate` over HTTP is zlib's own format."""

LEVEL = 1
"""Pictures are compressed already: the least work is the best."""


async def read_decoded(request: Request, limit: int) -> bytes:
    """Reads a body and decompresses it.

    Args:
        request: Says in `Content-Encoding` how it was compressed.
        limit: The most bytes that it may have, before and after.

    Raises:
        TooLarge: It has more.
        UnsupportedMedia: The coding is none of ours.
        InvalidInput: It is not what the coding says.
    """
    body = await read_body(request, limit)
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in WINDOWS:
        raise UnsupportedMedia(
            f"content encoding '{quoted(coding)}' is not read here; send gzip, deflate or identity"
        )
    decompressor = zlib.decompressobj(WINDOWS[coding])
    try:
        decoded = decompressor.decompress(body, limit + 1)
    except zlib.error as error:
        raise InvalidInput(f"the body is no {coding}: {error}") from None
    if len(decoded) > limit:
        raise TooLarge(f"the body is larger than {limit} bytes, the most that is accepted")
    if not decompressor.eof:
        raise InvalidInput(f"the body is truncated: its {coding} does not end")
    return decoded


def coding_of(accept: str) -> str | None:
    """The coding for an answer: the first of ours that `Accept-Encoding` names."""
    named = (each.partition(";")[0].strip().lower() for each in accept.split(","))
    return next((each for each in named if each in WINDOWS), None)


def encoded(body: bytes, coding: str) -> bytes:
    """Compresses an answer."""
    if coding == "gzip":
        return gzip.compress(body, LEVEL, mtime=0)
    return zlib.compress(body, LEVEL)
