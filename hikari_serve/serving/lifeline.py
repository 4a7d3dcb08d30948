"""Ends a process with the one that started it, however that ended.

The parent holds the writing end of a pipe that nobody writes to; its death closes it, which the
child reads at once. A server whose supervisor was killed would go on to hold the port, with nobody
to start its dead processes anew.
"""

import os
import signal
from collections.abc import MutableMapping
from threading import Thread

VARIABLE = "_HIKARI_LIFELINE"
"""Names the reading end to a child."""


def lifeline() -> dict[str, str]:
    """Opens a pipe that lives as long as this process, for children that inherit open files.

    Returns:
        What the children's environment must say.
    """
    reading, _ = os.pipe()  # the writing end is closed in every child, by Python's default
    os.set_inheritable(reading, True)
    return {VARIABLE: str(reading)}


def exit_with_parent(environ: MutableMapping[str, str] = os.environ) -> None:
    """Watches the parent if it gave this process a lifeline; its own children get none."""
    reading = environ.pop(VARIABLE, None)
    if reading is not None:
        os.set_inheritable(int(reading), False)
        Thread(target=_follow, args=(int(reading),), name="exit-with-parent", daemon=True).start()


def _follow(reading: int) -> None:
    os.read(reading, 1)
    os.kill(os.getpid(), signal.SIGKILL)
