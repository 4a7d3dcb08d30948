"""How long a connection is kept between two requests, and how a server that stops lets go of it.

A request that a client sends while the server closes its connection is lost, and may not be sent
again by itself where it is a POST (RFC 9112, 9.3.1). So the server waits longer than the proxies
that reuse connections do, for them to be the ones that close; and when it stops it goes on
listening for a while on the connections that there are, answers what comes, and says in the answer
that the connection ends.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

KEEP_ALIVE_SECONDS = 75
"""Longer than a proxy keeps a connection that it does not use: 60 s of nginx, ingress-nginx and
load balancers of clouds."""

CROWD = 500
"""From as many connections of a process on, those that are idle cost others theirs."""

CROWDED_SECONDS = 5
"""How long an idle connection is kept then."""

LINGER_SECONDS = 5
"""How long a server that stops goes on listening on the connections that it has."""


class KeptProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which would close after 5 s without a request, and at once at the end."""

    linger = LINGER_SECONDS
    """How long its connections go on being listened to when the server stops."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._leaving = False

    def on_headers_complete(self) -> None:
        """Hands the request to the application; where the server stops, it is the last."""
        super().on_headers_complete()
        if self._leaving and self._answering:
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Waits for the next request."""
        crowded = len(self.connections) > CROWD
        patience = CROWDED_SECONDS if crowded else KEEP_ALIVE_SECONDS
        self.timeout_keep_alive = self.linger if self._leaving else patience
        super().on_response_complete()

    def shutdown(self) -> None:
        """The server stops: the request that runs or comes within the linger is the last."""
        self._leaving = True
        if not self._answering:
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.linger, self.timeout_keep_alive_handler
            )
        elif not self.cycle.response_started:
            self.cycle.keep_alive = False

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete
