"""A process that can answer nothing more ends with an error, and not before."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import asyncio, sys
from pathlib import Path
from hikari_serve.serving.supervision import exit_when_failed
from hikari_serve.tasks import host as hosting
from hikari_serve.tasks.host import Host
from tests.scripted import REPOSITORY

async def main():
    hosting.BACKOFF_SECONDS = (0.01, 0.01)
    host = Host(REPOSITORY, cores=1, locks=Path(sys.argv[1]))
    host.want("sirius")  # its weights are not here
    watch = asyncio.create_task(exit_when_failed(host))
    await asyncio.sleep(0)
    print("alive", flush=True)
    await host.start()
    await watch
    print("still here", flush=True)

asyncio.run(main())
"""


def test_the_process_ends_with_the_reason_when_what_it_must_have_cannot_be_loaded(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "alive\n"), done.stderr
    assert done.stderr.count("trying again in 0.01 s") == 2
    assert (
        "model 'sirius' is UNAVAILABLE: the weights of model 'sirius' are not here" in done.stderr
    )
    assert "this process ends" in done.stderr
