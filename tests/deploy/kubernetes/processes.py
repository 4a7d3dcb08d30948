"""Runs rendered containers as processes of this machine: their commands, environment and probes.

A pod has an address of its own. Here it is one of loopback, so the ports of all of them are those of
the manifests, and nothing but the address that a command listens on and the addresses that names
resolve to differs from what runs in a cluster.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.deploy.kubernetes.rendered import Object, Rendered
from tests.served.server import ROOT

IMAGE = dict(
    re.findall(r"(BENTOML_\w+)=(\S+)", (ROOT / "deploy" / "image" / "Dockerfile").read_text())
)
"""What the image tells BentoML."""


@dataclass
class Pod:
    """A container that runs as a process.

    Attributes:
        address: Its own.
        container: As it was rendered.
        process: Of the container's command.
        log: What it writes.
        grace: Seconds between SIGTERM and SIGKILL.
    """

    address: str
    container: Object
    process: subprocess.Popen[bytes]
    log: Path
    grace: float

    def probe(self, kind: str) -> bool:
        """Whether a probe passes: `startup`, `readiness` or `liveness`."""
        probe = self.container[f"{kind}Probe"]
        ports = {each["name"]: each["containerPort"] for each in self.container["ports"]}
        get = probe["httpGet"]
        url = f"http://{self.address}:{ports[get['port']]}{get['path']}"
        try:
            return httpx.get(url, timeout=probe["timeoutSeconds"]).is_success
        except httpx.HTTPError:
            return False

    def wait(self, kind: str) -> None:
        """Waits until a probe passes, as long as the startup probe would."""
        started = self.container["startupProbe"]
        until = time.monotonic() + started["periodSeconds"] * started["failureThreshold"]
        while not self.probe(kind):
            assert self.process.poll() is None, self.log.read_text()[-4000:]
            assert time.monotonic() < until, f"{kind}: {self.log.read_text()[-4000:]}"
            time.sleep(0.3)

    def end(self) -> int:
        """The kubelet's: preStop, SIGTERM, and SIGKILL when the grace is over; the exit code."""
        before = self.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        time.sleep(before)
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(self.grace - before)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()


@contextmanager
def pod(
    rendered: Rendered,
    name: str,
    address: str,
    folder: Path,
    changed: Mapping[str, str] | None = None,
) -> Iterator[Pod]:
    """Runs what a Deployment's pod would.

    Args:
        rendered: Has the Deployment.
        name: The Deployment.
        address: Of the pod.
        folder: For what is /tmp in the container, and the log.
        changed: Variables with another value than the manifests', such as addresses.
    """
    spec = rendered.pods()[name]["spec"]
    (container,) = spec["containers"]
    tool, *arguments = container["command"]
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    folder.mkdir(parents=True)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("HIKARI_")},
        **IMAGE,
        "BENTOML_HOME": str(folder / "bentoml"),
        **rendered.environment(name),
        "HIKARI_THREADS": container["resources"]["limits"]["cpu"],  # what its cgroup would say
        **(changed or {}),
    }
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [address if each == "0.0.0.0" else each for each in command],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = Pod(address, container, process, log, spec["terminationGracePeriodSeconds"])
    try:
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def unwind_when_told() -> None:
    """Has SIGTERM unwind this process, so that pods that it runs end with it."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
