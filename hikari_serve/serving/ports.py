"""A port that several processes of one server share, and no other server.

Processes share a port by SO_REUSEPORT, and the kernel would let another server of the same user
in too: it would get half of the first one's calls, in silence. So the supervisor holds the port,
and takes none that somebody has.
"""

import errno
import os
import socket

from hikari_serve.errors import ConfigError


def hold(host: str, port: int) -> list[socket.socket]:
    """Takes a port for the processes that this one starts.

    Args:
        host: The address that they will listen on.
        port: The port.

    Returns:
        What holds it until it is closed: bound, but not listening.

    Raises:
        ConfigError: Somebody has it.
    """
    held = []
    for family, kind, _, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        try:
            with socket.socket(family, kind) as alone:
                # The remains of closed connections do not count; who holds a port does.
                alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                _bind(alone, address)
            held.append(socket.socket(family, kind))
            held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            _bind(held[-1], address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:  # a name of several addresses, not all here
                continue
            raise ConfigError(
                f"cannot listen for gRPC on {host}:{port}: {os.strerror(error.errno or 0)}; set "
                "HIKARI_GRPC_PORT to a free port, or to 0 for no gRPC"
            ) from None
    return held


def _bind(each: socket.socket, address: object) -> None:
    if each.family == socket.AF_INET6:
        each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    each.bind(address)  # type: ignore[arg-type]
