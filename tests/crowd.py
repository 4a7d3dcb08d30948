"""Clients that ask again and again while something else happens."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf


@contextmanager
def crowd(ask: Callable[[], object], clients: int, per_second: float = inf) -> Iterator[None]:
    """Asks in so many threads until the block ends, in whichever way.

    Args:
        ask: Asks once, and waits for the answer.
        clients: How many ask at once, at most.
        per_second: How often they ask together; infinite is as often as there are answers.
    """
    over, began, turns = threading.Event(), time.monotonic(), itertools.count()

    def go_on() -> None:
        while not over.wait(began + next(turns) / per_second - time.monotonic()):
            ask()

    threads = [threading.Thread(target=go_on) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
