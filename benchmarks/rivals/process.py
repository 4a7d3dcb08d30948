"""Starts a rival as its documentation says, on a free port, and stops it while others are asked."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.results import Who
from hikari_serve.settings import Settings
from tests.served.server import ROOT, Server, free_port, wait_ready

PYTHON = (sys.executable, "-m")
COMMANDS: Mapping[Who, Sequence[str]] = {
    Who.LITSERVE: (*PYTHON, "benchmarks.rivals.behind_litserve"),
    Who.FASTAPI: (*PYTHON, "uvicorn", "benchmarks.rivals.behind_fastapi:app", "--port"),
}
"""The port is what each of them ends with."""

END_SECONDS = 20.0


@contextmanager
def started(who: Who, settings: Settings, threads: int) -> Iterator[tuple[Server, float]]:
    """Serves until the block ends.

    Args:
        who: Which rival.
        settings: Which models and which cascade.
        threads: Threads that a step of a model is shared among.

    Yields:
        The server, and the seconds from the command to the first 200 of `/health`.
    """
    port, began = free_port(), perf_counter()
    chosen = {
        "HIKARI_MODELS": str(settings.models.resolve()),
        "HIKARI_CASCADE": settings.cascade,
        "OMP_NUM_THREADS": str(threads),
    }
    with TemporaryDirectory() as home:
        log = Path(home, "serve.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*COMMANDS[who], str(port)],
                cwd=ROOT,
                env=os.environ | chosen,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        server = Server(f"http://127.0.0.1:{port}", process, log)
        try:
            wait_ready(server, path="/health")
            yield server, perf_counter() - began
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # LitServe's workers outlive a SIGTERM
            process.wait()


class Asleep:
    """A server that computes only inside `awake`.

    LitServe's worker looks into its queue a thousand times a second, which costs a fifth of a
    core while nobody asks it; what else is measured would pay for that.
    """

    def __init__(self, server: Server) -> None:
        """Stops all processes of a server that has a session of its own."""
        self._server = server
        self._group = server.process.pid
        os.killpg(self._group, signal.SIGSTOP)

    @contextmanager
    def awake(self) -> Iterator[Server]:
        """Lets it go on until the block ends."""
        self.wake()
        try:
            yield self._server
        finally:
            os.killpg(self._group, signal.SIGSTOP)

    def wake(self) -> None:
        """Lets it go on, so that it can end."""
        os.killpg(self._group, signal.SIGCONT)
