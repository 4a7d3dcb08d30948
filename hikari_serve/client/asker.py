"""What both clients are made of: the protocol, a pool of connections, and when to ask again."""

from typing import Generic, TypeVar

import httpx

from hikari_serve.client.protocol import Protocol
from hikari_serve.client.retrying import PATIENCE_SECONDS, rules

DEFAULT_URL = "http://localhost:3000"

Pool = TypeVar("Pool", httpx.Client, httpx.AsyncClient)


class Asker(Generic[Pool]):
    """A client of a server, but for how it waits; `_pool` is what it waits with."""

    _pool: type[Pool]

    def __init__(
        self,
        url: str = DEFAULT_URL,
        timeout: float | None = None,
        key: str = "",
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        """Args:
        url: Where the server is.
        timeout: Seconds to wait for its next byte; None waits as long as the request's own
            deadline lets the server think and 10 seconds, or 10 minutes where it has none.
        key: One of the server's, where it asks for keys.
        patience: Seconds in which a request is asked again when the server says so (429 or 503
            with `Retry-After`) or the connection breaks off; 0 asks once.

        Raises:
            InvalidInput: The URL is none, or the key could be none of a server's.
        """
        self._protocol = Protocol(url, timeout, key)
        self._http: Pool = self._pool(**self._protocol.connection())
        self._retrying = rules(patience)
