"""The connections to a runner, which end when its machine is gone without a word."""

import socket
import ssl
from typing import TypedDict

import aiohttp

from hikari_serve.serving.hop.endpoints import Endpoint

IDLE_SECONDS = 2.0
"""A runner closes idle connections after five seconds where it has many; we let go before that."""

GONE_SECONDS = 10
"""After this long without a sign of the machine a connection is broken off, and its call repeated.

The kernels ask and answer each other, so a runner may compute for as long as it likes. Only one
that has read nothing of a call for that long, larger than what its kernel takes for it, is taken
for gone while it is there.
"""

OPTIONS = {
    "TCP_USER_TIMEOUT": GONE_SECONDS * 1000,  # of what was sent and not acknowledged
    # Of a connection on which nothing is on its way: 4 s, and 3 questions 2 s apart.
    "TCP_KEEPIDLE": 4,
    "TCP_KEEPALIVE": 4,  # what macOS calls it
    "TCP_KEEPINTVL": 2,
    "TCP_KEEPCNT": 3,
}
"""Options of TCP by name; a system has some of them."""


class _Keeping(TypedDict, total=False):
    keepalive_timeout: float
    force_close: bool


def connector_of(
    endpoint: Endpoint, trust: ssl.SSLContext | None, *, keep: bool = True
) -> aiohttp.BaseConnector:
    """What opens the connections to an endpoint.

    Args:
        endpoint: Where the runner answers.
        trust: What it is trusted by, if it is asked by https; None leaves it to the system.
        keep: Whether a connection is kept for another call.
    """
    keeping: _Keeping = {"keepalive_timeout": IDLE_SECONDS} if keep else {"force_close": True}
    if endpoint.path is not None:
        return aiohttp.UnixConnector(endpoint.path, limit=0, **keeping)
    return aiohttp.TCPConnector(
        limit=0,
        ssl=True if trust is None else trust,
        socket_factory=_watched,
        **keeping,
    )


def _watched(address: aiohttp.AddrInfoType) -> socket.socket:
    """A socket whose kernel asks whether the other machine is still there."""
    family, kind, protocol, _, _ = address
    opened = socket.socket(family, kind, protocol)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in OPTIONS.items():
        if (option := getattr(socket, name, None)) is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
    return opened
