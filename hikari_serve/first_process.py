"""Lets the first process of a container be ended while it starts.

Linux passes a signal on to the process of number 1 only if that has a handler for it, and the
supervisor's comes when everything is imported. A pod that is evicted before would take its whole
grace.
"""

import os
import signal
from types import FrameType


def end_when_told() -> None:
    """Has SIGTERM end this process at once if its number is 1; others do so by themselves."""
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)  # whatever is being imported may catch SystemExit
