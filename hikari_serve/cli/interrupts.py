"""Ctrl-C while something runs that does not hear of it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ended_by_the_second() -> Iterator[None]:
    """Lets the first Ctrl-C do what it would, and has the next one end this process at once.

    A thread that loads a model goes on to its end, and Python waits for it.
    """
    usual = signal.getsignal(signal.SIGINT)

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # which needs no Python to run
        if callable(usual):
            usual(number, frame)

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is first:
            signal.signal(signal.SIGINT, usual)
