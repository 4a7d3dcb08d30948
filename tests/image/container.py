"""Runs the image as a cluster would: a read-only root, no capabilities, limits, and only a /tmp."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

IMAGE = os.environ.get("HIKARI_IMAGE_TESTED", "localhost/hikari-serve:cpu")
START_SECONDS = 300.0
LIMITS = (
    "--read-only", "--tmpfs", "/tmp:rw,mode=1777,size=1g", "--cap-drop", "all", "--security-opt",
    "no-new-privileges", "--memory", "4g", "--cpus", "2", "--pids-limit", "1024",
)  # fmt: skip


def podman(*arguments: str) -> str:
    """What a command of podman prints.

    Raises:
        AssertionError: It failed.
    """
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Container:
    """One that runs, by its id, with the port that its probes are asked on."""

    name: str
    probes: int

    def wait_ready(self) -> None:
        """Waits until it may be asked; fails with its log."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.state()["Running"]:
            try:
                if httpx.get(f"http://127.0.0.1:{self.probes}/readyz", timeout=5).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        raise AssertionError(f"not ready: {self.state()}\n{self.log()[-4000:]}")

    def state(self) -> Any:
        """What podman tells of it."""
        return json.loads(podman("inspect", "--format", "{{json .State}}", self.name))

    def log(self) -> str:
        """What it wrote."""
        done = subprocess.run(["podman", "logs", self.name], capture_output=True, text=True)
        return done.stdout + done.stderr


@contextmanager
def running(*command: str, probes: int, **settings: str) -> Iterator[Container]:
    """Runs the image until the block ends.

    Args:
        command: In place of the image's own.
        probes: Port for health and metrics.
        settings: Environment variables.
    """
    variables = {"HIKARI_METRICS_PORT": str(probes), **settings}
    given = [part for key, value in variables.items() for part in ("--env", f"{key}={value}")]
    name = podman("run", "--detach", "--network", "host", *LIMITS, *given, IMAGE, *command)
    try:
        yield Container(name, probes)
    finally:
        podman("rm", "--force", "--time", "5", name)
