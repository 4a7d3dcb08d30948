"""Weights that are an image: pushed, pulled by digest, and mounted by a pod, which serves from them."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hikari_serve.drawing.cases import draw_case
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.stage import Item, StageResult
from tests.cli.models.pulled import lay_pulled
from tests.cli.models.registry import Registry, serving
from tests.deploy.kubernetes.rendered import FOLDER, Rendered, render
from tests.image.container import podman
from tests.image.pods import pods_of
from tests.repository.hub_server import COMMIT

COMPUTES = {"kind": "Deployment", "labelSelector": "hikari-serve/role in (stage, whole)"}
MODELS = "/models"
"""In the pod: configurations that name weights to pull. Those in the image bring weights."""
WEIGHTS = "/var/lib/hikari/weights"


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """Where buildah pushes to and podman pulls from."""
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    with serving() as started:
        plain = f'[[registry]]\nlocation = "{started.host}"\ninsecure = true\n'
        (tmp_path / "registries.conf").write_text(plain)
        monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
        yield started


def push(folder: Path, registry: Registry, patch: Path) -> None:
    """As docs/operations.md says: the image, and the patch that names it."""
    command = [str(Path(sys.executable).with_name("hikari")), "models", "image", "demo"]
    to = f"docker://{registry.host}/hikari-weights:new"
    places = {"HIKARI_MODELS": str(folder / "models"), "HIKARI_WEIGHTS": str(folder / "weights")}
    subprocess.run(
        [*command, "--to", to, "--write", patch], env={**os.environ, **places}, check=True
    )


def overlay_of(folder: Path, models: Path) -> Rendered:
    """An overlay on `demo-cpu`, with the patch that lies there, and these configurations."""
    to = os.path.relpath(FOLDER.resolve(), folder.resolve())
    mount = {"name": "models", "mountPath": MODELS, "readOnly": True}
    container = {
        "name": "hikari",
        "env": [{"name": "HIKARI_MODELS", "value": MODELS}],
        "volumeMounts": [mount],
    }
    volume = {"name": "models", "hostPath": {"path": str(models), "type": "Directory"}}
    spec = {"template": {"spec": {"containers": [container], "volumes": [volume]}}}
    head = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "any"}}
    (folder / "models.yaml").write_text(yaml.safe_dump({**head, "spec": spec}))
    kustomization = {
        "resources": [f"{to}/overlays/demo-cpu"],
        "components": [f"{to}/components/weights-image"],
        "patches": [{"path": f"{each}.yaml", "target": COMPUTES} for each in ("weights", "models")],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(folder)


def test_a_pod_mounts_it_read_only_and_serves_from_it(registry: Registry, tmp_path: Path) -> None:
    lay_pulled(tmp_path)
    folder = tmp_path / "overlay"
    folder.mkdir()
    push(tmp_path, registry, folder / "weights.yaml")
    rendered = overlay_of(folder, tmp_path / "models")
    with pods_of(rendered, tmp_path) as pods:
        pod = pods.start("hikari-group")
        pod.wait_ready()
        wrote = podman("exec", pod.server, "sh", "-c", f"touch {WEIGHTS}/new 2>&1; ls {WEIGHTS}")
        provenance = asyncio.run(ask(f"http://{pod.address}:3000")).provenance
        assert pod.end() == 0
    refused, *there = wrote.splitlines()
    assert "Read-only file system" in refused
    assert there == ["demo_group"]
    annotations = rendered.pods()["hikari-group"]["metadata"]["annotations"]
    assert provenance.weights == annotations["hikari-serve/weights.demo_group.1"]
    assert provenance.revision == COMMIT  # of the record that lies with what was pulled


async def ask(url: str) -> StageResult:
    stage = RemoteStage("group", url)
    picture = draw_case(0, 47_000).image
    item = Item(
        id="1",
        model="demo_group",
        view=make_view(picture, Preprocessing(max_side=128)),
        deadline=time.time() + 60,
    )
    try:
        return await stage.infer(item)
    finally:
        await stage.close()
