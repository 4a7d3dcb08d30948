"""Clients that ask a server again and again, until they are told to stop."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

from tests.crowd import crowd
from tests.served.server import Server


@contextmanager
def load(
    server: Server,
    images: Sequence[bytes],
    clients: int,
    timeout_ms: int = 120_000,
    path: str = "/diagnose",
) -> Iterator[None]:
    """Asks for answers until the block ends.

    Args:
        server: What is asked.
        images: Pictures, which are sent again and again.
        clients: How many ask at once.
        timeout_ms: How long each waits for its answer.
        path: What they ask for.
    """
    rows = itertools.cycle(images)
    form = {"timeout_ms": str(timeout_ms)}
    many = httpx.Limits(max_connections=clients)
    with (
        httpx.Client(base_url=server.url, timeout=timeout_ms / 1000 + 10, limits=many) as client,
        crowd(lambda: client.post(path, files={"image": next(rows)}, data=form), clients),
    ):
        yield
