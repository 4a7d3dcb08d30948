"""Models that share an accelerator start one at a time."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.scheduling.starting import physical_name, starting

KILLED = """
import asyncio, pathlib, sys
from hikari_serve.scheduling.starting import starting

async def main():
    async with starting("cuda", pathlib.Path(sys.argv[1]), turns=False):
        print("starts", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def start(device: str, locks: Path, seen: list[int], *, turns: bool = False) -> None:
    async with starting(device, locks, turns=turns) as lease:
        assert (lease is not None) == turns
        seen[0] += 1
        seen[1] = max(seen)
        await asyncio.sleep(0.01)
        seen[0] -= 1
    if lease is not None:
        assert lease.held
        lease.release()


@pytest.mark.parametrize(
    ("device", "turns", "at_once"),
    [("cuda", False, 1), ("cuda:1", True, 1), ("cpu", True, 1), ("cpu", False, 3)],
)
def test_they_start_one_at_a_time_but_on_the_cpu(
    device: str, turns: bool, at_once: int, tmp_path: Path
) -> None:
    async def main() -> None:
        seen = [0, 0]
        await asyncio.gather(*(start(device, tmp_path, seen, turns=turns) for _ in range(3)))
        assert seen == [0, at_once]

    asyncio.run(main())


def test_a_start_that_fails_or_is_killed_lets_the_next_one_start(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="broken"):
            async with starting("cuda", tmp_path, turns=True):
                raise RuntimeError("broken")
        async with asyncio.timeout(20):
            await start("cuda", tmp_path, [0, 0], turns=True)

    asyncio.run(main())
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "starts\n"
        process.kill()
    asyncio.run(main())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file")

    async def main() -> None:
        with pytest.raises(ConfigError, match=r"locks.cuda-0 cannot be written.*HIKARI_LOCKS"):
            await start("cuda", tmp_path / "locks", [0, 0])

    asyncio.run(main())


@pytest.mark.parametrize(
    ("device", "shown", "name"),
    [
        ("cuda", None, "cuda-0"),
        ("cuda:1", None, "cuda-1"),
        ("cuda", "3", "cuda-3"),
        ("cuda:1", "2, GPU-8f", "cuda-GPU-8f"),
        ("cuda:4", "2", "cuda-4"),
        ("mps", None, "mps"),
    ],
)
def test_a_device_has_one_name_in_all_processes(
    device: str, shown: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if shown is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", shown)
    assert physical_name(device) == name
