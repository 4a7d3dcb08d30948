"""Hears that this process was told to stop, before uvicorn has let the last request end.

uvicorn takes no new connection from then on and tells the application only afterwards; what listens
beside it must hear of it at once.
"""

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.serving.keep_alive import LINGER_SECONDS

ASSEMBLE_SECONDS = 5.0
"""From a request's deadline until its answer, which may lack stages, has been sent."""


def drain_of(config: ModelConfig) -> float:
    """How long requests to a cascade may still come and run once the server is told to stop.

    Args:
        config: Of the cascade; it has the deadline of requests that name none.
    """
    assert isinstance(config.hikari, CascadeConfig)
    return LINGER_SECONDS + config.hikari.timeout_ms / 1000 + ASSEMBLE_SECONDS


def on_stop(told: Callable[[], None]) -> None:
    """Calls `told` in this event loop when the process gets SIGTERM or SIGINT.

    What handled the signal before, handles it first. To be called in the main thread, once uvicorn
    has set its own handlers; in another thread no signal is heard.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, before: object = before) -> None:
            if callable(before):
                before(number, frame)
            loop.call_soon_threadsafe(told)

        try:
            signal.signal(number, handle)
        except ValueError:  # not the main thread
            return
