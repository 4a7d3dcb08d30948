"""Bodies that come compressed, bounded by what they become, and answers that leave so."""

import asyncio
import gzip
import re
import zlib

from starlette.requests import Request

from hikari_serve.errors import InvalidInput, TooLarge, UnsupportedMedia
from hikari_serve.quoting import quoted
from hikari_serve.serving.admission import hold
from hikari_serve.serving.body import read_body, stream_body

WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""How zlib is told of each coding; `deflate` over HTTP is zlib's own format."""

STEP = 256 * 1024
"""The most bytes that a body grows by before they are counted: a few bytes become many."""

_REFUSED = re.compile(r"[qQ]=0(\.0*)?")
"""The weight of a coding that a client does not take."""

LEVEL = 1
"""Pictures are compressed already: the least work is the best."""


async def read_decoded(request: Request, limit: int) -> bytes:
    """Reads a body and decompresses it, as far as there is room for it.

    Args:
        request: Says in `Content-Encoding` how it was compressed.
        limit: The most bytes that it may have, before and after.

    Raises:
        TooLarge: It has more.
        Overloaded: It has more than there is room for now.
        UnsupportedMedia: The coding is none of ours.
        InvalidInput: It is not what the coding says.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return await read_body(request, limit)
    if coding not in WINDOWS:
        raise UnsupportedMedia(
            f"content encoding '{quoted(coding)}' is not read here; send gzip, deflate or identity"
        )
    decompressor = zlib.decompressobj(WINDOWS[coding])
    pieces: list[bytes] = []
    size = 0
    try:
        async for chunk in stream_body(request, limit):
            while chunk and not decompressor.eof:
                piece = await asyncio.to_thread(decompressor.decompress, chunk, STEP)
                size += len(piece)
                if size > limit:
                    raise TooLarge(
                        f"the body is larger than {limit} bytes, the most that is accepted"
                    )
                hold(len(piece))
                pieces.append(piece)
                chunk = decompressor.unconsumed_tail
    except zlib.error as error:
        raise InvalidInput(f"the body is no {coding}: {error}") from None
    if not decompressor.eof:
        raise InvalidInput(f"the body is truncated: its {coding} does not end")
    return b"".join(pieces)


def coding_of(accept: str) -> str | None:
    """The coding for an answer: the first of ours that `Accept-Encoding` names as one it takes."""
    for each in accept.split(","):
        name, _, weight = each.partition(";")
        if name.strip().lower() in WINDOWS and not _REFUSED.fullmatch(weight.strip()):
            return name.strip().lower()
    return None


def encoded(body: bytes, coding: str) -> bytes:
    """Compresses an answer."""
    if coding == "gzip":
        return gzip.compress(body, LEVEL, mtime=0)
    return zlib.compress(body, LEVEL)
