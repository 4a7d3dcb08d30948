"""Keeps SGLang from taking over the signals of the process that it runs in.

The server ends on SIGTERM in its own way, and says in its answers why an engine is dead. SGLang
would drain and kill the process itself: on SIGTERM, and on SIGQUIT, which its processes send to
their parent when they fail.
"""

import asyncio
import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIG_IGN = 1
"""C's `SIG_IGN`, as a pointer."""


def ignore_sigquit() -> None:
    """Makes SIGQUIT harmless, so that a failed start is an exception; from any thread.

    Python sets handlers in its main thread only, and models are loaded in others.
    """
    handle = ctypes.CDLL(None).signal
    handle.argtypes, handle.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    handle(signal.SIGQUIT, SIG_IGN)


@contextmanager
def kept_sigterm() -> Iterator[None]:
    """Gives SIGTERM back to whoever had it, and SIGQUIT to nobody; in a running event loop."""
    mine = signal.getsignal(signal.SIGTERM)
    yield
    loop = asyncio.get_running_loop()
    if loop.remove_signal_handler(signal.SIGTERM):
        signal.signal(signal.SIGTERM, mine)
    if loop.remove_signal_handler(signal.SIGQUIT):
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)
