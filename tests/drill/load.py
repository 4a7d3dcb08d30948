"""Clients that ask a server again and again, until they are told to stop."""

import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx

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
    over = threading.Event()
    rows = itertools.count()
    form = {"timeout_ms": str(timeout_ms)}

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=timeout_ms / 1000 + 10) as client:
            while not over.is_set():
                image = images[next(rows) % len(images)]
                client.post(path, files={"image": image}, data=form)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
