"""vLLM's process is killed under a running call, and the process that started it is killed."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from hikari_serve.errors import Unavailable
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.repository.repository import Repository
from hikari_serve.stage import Item, State
from hikari_serve.tasks.host import Host

ROOT = Path(__file__).parents[2]


def kill_engine(parent: int) -> None:
    """Kills the core process of the vLLM that a process started."""
    cores = [
        child
        for child in psutil.Process(parent).children(recursive=True)
        if "EngineCore" in " ".join(child.cmdline())
    ]
    assert len(cores) == 1
    cores[0].kill()


def test_a_dead_engine_is_noticed(vllm_models: Path) -> None:
    view = make_view(Image.new("RGB", (128, 128), "#c89b82"), Preprocessing(max_side=128))
    item = Item(id="last", model="demo_caption", view=view, deadline=time.time() + 600)

    async def until_death() -> tuple[BaseException, str]:
        host = Host(Repository(vllm_models), cores=1, locks=Path("unused"))
        await host.load("demo_caption")
        await host.ready()
        heard = asyncio.Event()
        running = asyncio.create_task(host.infer(item, lambda _: heard.set()))
        await heard.wait()
        kill_engine(psutil.Process().pid)
        (failure,) = await asyncio.gather(running, return_exceptions=True)
        await asyncio.wait_for(host.failed(), 30)
        assert [entry.state for entry in host.versions] == [State.UNAVAILABLE]
        with pytest.raises(Unavailable, match="engine process has died"):
            await host.infer(item)
        with pytest.raises(Unavailable) as refused:
            await host.ready()
        await host.close()
        assert isinstance(failure, BaseException)
        return failure, str(refused.value)

    failure, reason = asyncio.run(until_death())
    assert isinstance(failure, Unavailable)
    assert reason == "model 'demo_caption' is UNAVAILABLE: vLLM's engine process has died"


OPEN_AND_DIE = """
import os, signal, psutil
from hikari_serve.engines.registry import open_engine
from tests.vllm.conftest import opening

if __name__ == "__main__":
    engine = open_engine("vllm", opening("vllm", "demo_group"))  # kept: its finalizer ends vLLM
    for child in psutil.Process().children(recursive=True):
        print(child.pid, *child.cmdline(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_runner_leaves_no_engine_behind(tmp_path: Path) -> None:
    script = tmp_path / "open_and_die.py"
    script.write_text(OPEN_AND_DIE)
    died = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    # what it started writes to the same pipe, which ends with the last of them
    printed, _ = died.communicate(timeout=300)
    left = [int(line.split()[0]) for line in printed.splitlines() if "VLLM::" in line]
    assert len(left) >= 2  # the engine and its worker
    assert not [pid for pid in left if runs(pid)]


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie, which holds nothing any more."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
