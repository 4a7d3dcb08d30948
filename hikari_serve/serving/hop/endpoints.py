"""Where the replicas of a stage answer: URLs, names that resolve to many, unix sockets."""

import asyncio
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import url2pathname

_PORTS = {"http": 80, "https": 443, "tcp": 80}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one replica answers.

    Attributes:
        base: URL before the paths, with the address that the name resolved to.
        host: The name and port that it was configured by, which it is asked under.
        name: The name alone, which its certificate must have; None in clear.
        path: Of the unix socket, if it is one.
    """

    base: str
    host: str
    name: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        """For messages: the address alone."""
        return self.path or self.base


def is_beside(address: str) -> bool:
    """Whether this is an address of a service that BentoML started itself on this machine."""
    return urlsplit(address).scheme in ("file", "tcp")


async def resolve(address: str) -> list[Endpoint]:
    """The endpoints behind an address; each that a name resolves to is one.

    Args:
        address: `http(s)://host:port`; `file:///path` of a unix socket or `tcp://host:port`, as
            BentoML gives the address of a service that it started itself.

    Raises:
        OSError: The name does not resolve now.
    """
    parts = urlsplit(address)
    if parts.scheme == "file":
        return [Endpoint("http://runner", "runner", path=url2pathname(parts.path))]
    name, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    scheme = "http" if parts.scheme == "tcp" else parts.scheme
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    there = [str(to[0]) for *_, to in found]
    secure = name if scheme == "https" else None
    return [
        Endpoint(f"{scheme}://{_quoted(ip)}:{port}{parts.path}", parts.netloc, secure)
        for ip in there
    ]


def _quoted(address: str) -> str:
    return f"[{address}]" if ":" in address else address
