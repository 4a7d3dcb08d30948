"""Another machine, on a cable of its own: a network namespace in which a runner runs."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.eventually import eventually
from tests.serving.hop.running import Runner

PORT = 3000
OURS, THEIRS = "10.213.71.1", "10.213.71.2"
CABLE = "hikari-cable"


class Machine:
    """One with a runner on it, whose every item takes as long as is said."""

    url = f"http://{THEIRS}:{PORT}"

    def __init__(self, name: str) -> None:
        self._name = name

    def vanish(self) -> None:
        """Pulls its cable: nothing comes from it any more, and no word of farewell."""
        _ip("-n", self._name, "link", "set", "there", "down")


@contextmanager
def machine(seconds: float) -> Iterator[Machine]:
    """Runs one until the block ends; skips the test where the system allows none.

    Args:
        seconds: What an item takes.
    """
    if sys.platform != "linux" or os.geteuid() or shutil.which("ip") is None:
        pytest.skip("network namespaces need Linux, root and iproute2")
    name = f"hikari-{os.getpid()}"
    try:
        _ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no network namespace here: {error.stderr}")
    try:
        _ip("link", "add", CABLE, "type", "veth", "peer", "name", "there", "netns", name)
        _ip("addr", "add", f"{OURS}/30", "dev", CABLE)
        _ip("link", "set", CABLE, "up")
        _ip("-n", name, "addr", "add", f"{THEIRS}/30", "dev", "there")
        _ip("-n", name, "link", "set", "there", "up")
        command = [sys.executable, "-m", __name__, str(seconds)]
        running = subprocess.Popen(["ip", "netns", "exec", name, *command])
        try:
            assert eventually(_answers)
            yield Machine(name)
        finally:
            running.kill()
            running.wait()
            _ip("link", "del", CABLE)  # at once; a namespace goes in its own time
    finally:
        _ip("netns", "del", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def _answers() -> bool:
    try:
        socket.create_connection((THEIRS, PORT), timeout=1).close()
    except OSError:
        return False
    return True


async def _run(seconds: float) -> None:
    async with Runner(host=THEIRS, port=PORT) as runner:
        runner.stage.seconds = seconds
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_run(float(sys.argv[1])))
