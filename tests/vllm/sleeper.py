"""vLLM's worker for CPUs with a sleep that can fail: vLLM has none there.

Its memory is a file of its own, in which `weights` and `cache` are mapped or not. What stands in
the file named by WAKES says how a wake goes: `well`, `half` (it fails after the weights), or
`worse` (and so does every sleep).
"""

import os
from pathlib import Path

from vllm.v1.worker.cpu_worker import CPUWorker


class Sleeper(CPUWorker):  # type: ignore[misc]
    """Runs in vLLM's own worker process, under its real executor, core and client."""

    def sleep(self, level: int = 1) -> None:
        if _how() == "worse":
            raise RuntimeError("memory could not be unmapped")
        _hold("")

    def wake_up(self, tags: list[str] | None = None) -> None:
        _hold("weights")
        if _how() != "well":
            raise RuntimeError("CUDA Error: out of memory")
        _hold("weights cache")


def _how() -> str:
    return Path(os.environ["WAKES"]).read_text()


def _hold(what: str) -> None:
    Path(os.environ["HELD"]).write_text(what)
