"""All of a conversation with the server that is not waiting; both clients share it."""

import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import httpx
from PIL import Image, ImageOps
from pydantic import TypeAdapter, ValidationError

from hikari_serve import __version__
from hikari_serve.client.retrying import BrokeOff
from hikari_serve.client.url import server_url
from hikari_serve.errors import (
    DeadlineExceeded,
    HikariError,
    InvalidInput,
    Unavailable,
    from_anybody,
)
from hikari_serve.presentation.answer import Answer
from hikari_serve.quoting import escaped

T = TypeVar("T")

CONNECT_SECONDS = 5.0

SILENT_SECONDS = 600.0
"""How long a server may be silent that was given no deadline: longer than any cascade's own."""

MARGIN_SECONDS = 10.0
"""How long after a request's deadline the server's word of it may still be on its way."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Where `make serve` serves, in plain HTTP."""

Picture = bytes | str | Path | Image.Image
"""A picture file's bytes, its path, or decoded pixels, which are sent without loss as PNG."""

_ANSWER = TypeAdapter(Answer)


class Options(TypedDict, total=False):
    """What a request may ask besides its picture; what is left out or None, the server decides.

    Attributes:
        until: Stop after this stage.
        top_k: Labels in the differential.
        description: Words about the picture, for cascades whose references compare them.
        references: Reference cases to compare with; 0 is none.
        timeout_ms: Deadline of the whole, in milliseconds.
        priority: From 1, served first, to 9.
    """

    until: str | None
    top_k: int | None
    description: str | None
    references: int | None
    timeout_ms: int | None
    priority: int | None


class Protocol:
    """What is sent to a server, and what its responses and failures mean."""

    def __init__(self, url: str, timeout: float | None, key: str = "") -> None:
        """Args:
        url: Where the server is.
        timeout: Seconds to wait for its next byte; None goes by each request's deadline.
        key: One of the server's; empty for none.
        """
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._key = key

    def connection(self) -> dict[str, Any]:
        """The arguments of httpx's clients.

        Raises:
            InvalidInput: The URL is none, or the key could be none of a server's.
        """
        base = server_url(self.url)
        if not (self._key.isascii() and self._key.isprintable()):
            raise InvalidInput("the key is none: it must be of printable ASCII characters")
        return {
            "base_url": base,
            "timeout": self._limits(None),
            "headers": {"authorization": f"Bearer {self._key}"} if self._key else {},
        }

    def request(self, picture: Picture, options: Options) -> dict[str, Any]:
        """The arguments of a POST; reads the file or encodes the pixels, so it blocks.

        Raises:
            OSError: The file cannot be read, or PNG has no such pixels.
        """
        if isinstance(picture, Image.Image):
            buffer = BytesIO()
            ImageOps.exif_transpose(picture).save(buffer, "PNG")
            picture = buffer.getvalue()
        content = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
        form = {name: str(value) for name, value in options.items() if value is not None}
        return {
            "files": {"image": content},
            "data": form,
            "timeout": self._limits(options.get("timeout_ms")),
        }

    def _limits(self, timeout_ms: int | None) -> httpx.Timeout:
        """How long to wait for what, where the server may think for so long."""
        silent = self._timeout
        if silent is None:
            silent = SILENT_SECONDS if timeout_ms is None else timeout_ms / 1000 + MARGIN_SECONDS
        # For a connection of the pool it waits as long as other requests have them.
        return httpx.Timeout(silent, connect=CONNECT_SECONDS, pool=self._timeout)

    def answer(self, response: httpx.Response) -> Answer:
        """The answer that a response carries; errors as `check` and `read`."""
        self.check(response)
        return self.read(_ANSWER, response.content)

    def check(self, response: httpx.Response) -> None:
        """Raises the error that a response carries; its body must have been read if it is one.

        Raises:
            HikariError: What the server raised.
            Unavailable: Something answered that does not speak as our server does.
        """
        if response.is_success:
            return
        if error := self.error(response.content):
            raise error
        said = " ".join(response.text[:500].split())
        raise Unavailable(
            f"{self.url} answered {response.status_code}: {said}".rstrip(": "),
            retry_after=_retry_after(response),
        )

    def check_stream(self, response: httpx.Response) -> None:
        """As `check`, of a response whose body is to be events.

        Raises:
            HikariError: What the server raised.
            Unavailable: The body is none, such as a proxy's page.
        """
        self.check(response)
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            raise Unavailable(f"{self.url} answered no events, but '{escaped(kind)}'")

    def error(self, data: bytes) -> HikariError | None:
        """The server's own error; None if something else wrote this."""
        try:
            return from_anybody(json.loads(data))
        except ValueError:
            return None

    def read(self, kind: TypeAdapter[T], data: bytes) -> T:
        """Reads what the server wrote; fields that a newer server added are dropped.

        Raises:
            Unavailable: This version of the client cannot read it.
        """
        try:
            return kind.validate_json(data, extra="ignore")
        except ValidationError as error:
            raise Unavailable(
                f"hikari-serve {__version__} cannot read what {self.url} answered: "
                f"{error.errors()[0]['msg']}"
            ) from None

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Turns httpx's exceptions into ours."""
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            why = str(error) or type(error).__name__
            asked = error.request.url
            none = asked.scheme == "http" and asked.host in LOOPBACK
            hint = "; start a server with `make serve`" if none else ""
            raise Unavailable(f"{self.url} cannot be reached: {why}{hint}") from error
        except (httpx.ReadTimeout, httpx.WriteTimeout) as error:
            silent = error.request.extensions["timeout"]["read"]
            raise DeadlineExceeded(f"{self.url} was silent for {silent:g} s") from error
        except (httpx.ReadError, httpx.RemoteProtocolError) as error:
            why = str(error) or "the connection was closed"
            raise BrokeOff(f"{self.url} broke off: {why}") from error
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise Unavailable(f"{self.url} cannot be asked: {why}") from error


def _retry_after(response: httpx.Response) -> float | None:
    """The seconds that a proxy in front of the server says to wait; it may also say a date."""
    if response.status_code not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return None
    said = response.headers.get("retry-after", "").strip()
    if said.isdecimal():
        seconds = float(said)
        return seconds if math.isfinite(seconds) else None
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
