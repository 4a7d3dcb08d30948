"""Runs rendered Deployments as podman's pods: `podman play kube`, by the container image.

Podman makes one pod of a Deployment and has no Services, publishes every port on this machine, gives
volumes of one name to all pods, knows no image volumes, and needs curl in the image and systemd for
probes. So each pod is played by itself, without ports and probes, with volumes of its own, and with its
Service's name as an alias on their network; the test asks what the probes would.
"""

import copy
import itertools
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import yaml

from tests.deploy.kubernetes.rendered import Object, Rendered
from tests.image.container import IMAGE, START_SECONDS, podman


@dataclass(frozen=True)
class Pod:
    """A pod that runs.

    Attributes:
        name: Of the pod.
        address: On the pods' network, which this machine reaches.
        container: As it was rendered.
        grace: Seconds between SIGTERM and SIGKILL, the preStop hook's among them.
    """

    name: str
    address: str
    container: Object
    grace: int

    @property
    def server(self) -> str:
        """The name of its only container."""
        return f"{self.name}-{self.container['name']}"

    def wait_ready(self) -> None:
        """Waits until its readiness probe passes; fails with its log."""
        ports = {each["name"]: each["containerPort"] for each in self.container["ports"]}
        get = self.container["readinessProbe"]["httpGet"]
        url = f"http://{self.address}:{ports[get['port']]}{get['path']}"
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                if httpx.get(url, timeout=3).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        raise AssertionError(podman("logs", "--tail", "20", self.server))

    def end(self) -> int:
        """As the kubelet ends it, with the preStop hook that podman does not know; the exit code."""
        before = self.container["lifecycle"]["preStop"]["sleep"]["seconds"]
        time.sleep(before)
        podman("stop", "--time", str(self.grace - before), self.server)
        return int(podman("inspect", "--format", "{{.State.ExitCode}}", self.server))


class Pods:
    """Pods on a network of their own."""

    def __init__(self, rendered: Rendered, folder: Path) -> None:
        self._rendered = rendered
        self._folder = folder
        self._started: list[Pod] = []
        self._numbers = itertools.count()
        self._images: dict[str, str] = {}
        self._network = f"hikari-{uuid4().hex[:8]}"
        podman("network", "create", self._network)

    @property
    def resolves(self) -> bool:
        """Whether pods find each other by name."""
        (network,) = json.loads(podman("network", "inspect", self._network))
        return bool(network["dns_enabled"])

    def start(self, deployment: str) -> Pod:
        """Starts one more pod of a Deployment."""
        played = copy.deepcopy(self._rendered.of("Deployment")[deployment])
        number = next(self._numbers)
        played["metadata"]["name"] = f"{deployment}-{number}"
        played["spec"]["replicas"] = 1
        spec = played["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        rendered = copy.deepcopy(container)
        for part in ("ports", "startupProbe", "readinessProbe", "livenessProbe"):
            del container[part]
        container["image"] = IMAGE
        for each in [*spec["volumes"], *container["volumeMounts"]]:
            each["name"] = f"{each['name']}-{self._network}-{number}"
        for volume in spec["volumes"]:
            if image := volume.pop("image", None):
                self._volume(volume["name"], image["reference"])
                volume["persistentVolumeClaim"] = {"claimName": volume["name"]}
        file = self._folder / f"{played['metadata']['name']}.yaml"
        settings = self._rendered.of("ConfigMap").values()
        file.write_text(yaml.safe_dump_all([*settings, played]))
        name = f"{played['metadata']['name']}-pod-0"
        podman("play", "kube", "--network", f"{self._network}:alias={deployment}", str(file))
        grace = spec["terminationGracePeriodSeconds"]
        self._started.append(Pod(name, self._address(name), rendered, grace))
        return self._started[-1]

    def _volume(self, name: str, image: str) -> None:
        """Makes a volume of what is in an image."""
        podman("pull", "--quiet", image)
        podman("volume", "create", "--driver", "image", "--opt", f"image={image}", name)
        self._images[name] = image

    def _address(self, name: str) -> str:
        infra = json.loads(podman("pod", "inspect", name))["InfraContainerID"]
        (found,) = json.loads(podman("inspect", infra))
        return str(found["NetworkSettings"]["Networks"][self._network]["IPAddress"])

    def remove(self, pod: Pod) -> None:
        """Ends a pod, if it still runs; its address is nobody's then, and its name forgets it."""
        # podman 4.3 trips over what it has to kill itself
        podman("stop", "--time", str(pod.grace), pod.server)
        podman("pod", "rm", "--force", pod.name)
        self._started.remove(pod)

    def close(self) -> None:
        """Ends all of them, with their volumes and their network."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.remove, list(self._started)))
        for volume, image in self._images.items():
            podman("volume", "rm", volume)
            podman("rmi", image)
        podman("network", "rm", "--force", self._network)


@contextmanager
def pods_of(rendered: Rendered, folder: Path) -> Iterator[Pods]:
    """Has a network for pods until the block ends."""
    pods = Pods(rendered, folder)
    try:
        yield pods
    finally:
        pods.close()
