"""A container's first process ends when it is told to while it starts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from tests.eventually import eventually
from tests.served.server import ROOT

ALONE = ("unshare", *(() if os.geteuid() == 0 else ("--user",)), "--pid", "--fork", "--kill-child")
"""Runs a command as process 1 of a namespace of its own, as a container's is."""


@contextmanager
def first(code: str) -> Iterator[psutil.Process]:
    """A process of number 1 that runs Python code, and then waits."""
    if subprocess.run([*ALONE, "true"], capture_output=True).returncode:
        pytest.skip("no namespaces of processes here")
    waits = f"import os, time; {code}; print(os.getpid(), flush=True); time.sleep(60)"
    command = [*ALONE, sys.executable, "-c", waits]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        (child,) = psutil.Process(process.pid).children()
        try:
            yield child
        finally:
            process.kill()


def test_it_hears_nothing_by_itself() -> None:
    with first("pass") as process:
        process.send_signal(signal.SIGTERM)
        with pytest.raises(psutil.TimeoutExpired):
            process.wait(0.5)


@pytest.mark.parametrize(
    "code",
    [
        "import hikari_serve.serving.bento_home",
        "from hikari_serve.cli.main import hikari; hikari()",
    ],
)
def test_it_ends_from_the_first_moment_that_is_ours(code: str) -> None:
    with first(code) as process:
        process.send_signal(signal.SIGTERM)
        assert eventually(lambda: not process.is_running() or process.status() == "zombie", 5)
