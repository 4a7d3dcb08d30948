"""What the supervisor of a server tells its processes, by their environment."""

import os
from pathlib import Path

LOOPBACK_ADDRESSES = ("127.0.0.1", "::1", "localhost")

BEGAN = "_HIKARI_BEGAN"
"""When the process' start was begun, in seconds since the Unix epoch."""
HOST = "_HIKARI_HOST"
"""The address that the server listens on."""
CONTROL = "_HIKARI_CONTROL"
"""The folder by which the server's processes agree on what it serves."""
PROBES_FD = "_HIKARI_PROBES_FD"
"""The file descriptor of the socket for health and metrics."""


def on_loopback() -> bool:
    """Whether only this machine can connect to the server that this process belongs to."""
    return os.environ.get(HOST) in LOOPBACK_ADDRESSES


def listening_host() -> str:
    """The address that the server of this process listens on."""
    return os.environ.get(HOST) or LOOPBACK_ADDRESSES[0]


def control_folder() -> Path:
    """The folder by which the processes of this server agree on what it serves."""
    return Path(os.environ[CONTROL])


def probes_fd() -> int | None:
    """The socket for health and metrics alone that the supervisor listens on for this process."""
    fd = os.environ.get(PROBES_FD)
    return None if fd is None else int(fd)
