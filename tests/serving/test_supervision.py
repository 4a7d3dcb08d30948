"""A process whose engine died ends with an error, and not before."""

import subprocess
import sys

SCRIPT = """
import asyncio
from pathlib import Path
from hikari_serve.serving.supervision import exit_when_dead
from hikari_serve.tasks.host import Host
from tests.scripted import REPOSITORY

async def main():
    host = Host(REPOSITORY, ["demo_group"], cores=1, locks=Path("unused"))
    watch = asyncio.create_task(exit_when_dead(host))
    await asyncio.sleep(0)
    print("alive", flush=True)
    host.dead.set()
    await watch
    print("still here", flush=True)

asyncio.run(main())
"""


def test_the_process_ends_with_an_error() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "alive\n")
    assert "an engine died" in done.stderr
