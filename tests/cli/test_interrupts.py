"""Ctrl-C in a process whose thread goes on."""

import signal
import subprocess
import sys
import time

BUSY = """
import asyncio, time
from hikari_serve.cli.interrupts import ended_by_the_second

async def load():
    with ended_by_the_second():
        print("loading", flush=True)
        await asyncio.to_thread(time.sleep, 60)

asyncio.run(load())
"""


def test_the_second_ends_it_at_once() -> None:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"loading\n"
        try:
            process.send_signal(signal.SIGINT)
            time.sleep(0.5)
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            assert process.wait(5) == -signal.SIGINT
        finally:
            process.kill()
