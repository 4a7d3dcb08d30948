"""`hikari models image`: with buildah itself, in a storage of the test's own."""

import json
import os
import shutil
import sys
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import yaml

from hikari_serve.repository.digest import weights_digest
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.weights import find_weights
from tests.cli.conftest import Hikari
from tests.cli.models.pulled import lay_pulled
from tests.cli.models.registry import Registry, serving
from tests.cli.models.test_pull import MODELS
from tests.repository.hub_server import COMMIT

OTHERS = ("demo_references", "demo_disease", "demo_caption")
"""Of the demo's models, those whose weights are in the repository."""


@pytest.fixture
def pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The demo repository, the group model's weights pulled; the folder of them."""
    folder = lay_pulled(tmp_path)
    monkeypatch.setenv("HIKARI_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HIKARI_WEIGHTS", str(tmp_path / "weights"))
    return folder


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """Where buildah pushes to; what it builds lies with the test, and goes with it."""
    if shutil.which("buildah") is None:
        pytest.skip("buildah is not installed")
    places = f'graphroot = "{tmp_path}/storage"\nrunroot = "{tmp_path}/run"'
    (tmp_path / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\n{places}\n')
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    with serving() as started:
        plain = f'[[registry]]\nlocation = "{started.host}"\ninsecure = true\n'
        (tmp_path / "registries.conf").write_text(plain)
        monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
        yield started


def unpacked(registry: Registry, digest: str, to: Path) -> tuple[int, dict[str, str]]:
    """Lays the files of an image down; how many layers it has, and its labels."""
    manifest = json.loads(registry.blobs[digest])
    for layer in manifest["layers"]:
        with tarfile.open(fileobj=BytesIO(registry.blobs[layer["digest"]])) as archive:
            for member in archive:
                assert (member.uid, member.gid, member.mtime) == (0, 0, 0)
                assert member.mode & 0o7777 == (0o755 if member.isdir() else 0o444)
            archive.extractall(to, filter="data")
    config = json.loads(registry.blobs[manifest["config"]["digest"]])
    return len(manifest["layers"]), config["config"]["Labels"]


def test_it_holds_the_weights_and_nothing_else(
    hikari: Hikari, pulled: Path, registry: Registry, tmp_path: Path
) -> None:
    patch, root = tmp_path / "weights.yaml", tmp_path / "root"
    to = f"docker://{registry.host}/someone/weights:new"
    done = hikari("models", "image", "demo", "--to", to, "--write", patch, "--json")
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["image"], said["digest"]) == (to, registry.tags["someone/weights:new"])
    assert not any((tmp_path / "storage" / "vfs").glob("dir/*"))  # nothing of it is left behind

    layers, labels = unpacked(registry, said["digest"], root)
    assert layers == 2
    digests = {f"hikari-serve/weights.{key}": value for key, value in said["weights"].items()}
    assert labels == digests
    place = root / "demo_group" / COMMIT
    assert {path for path in root.rglob("*") if path.is_dir()} == {place, place.parent}
    assert {path.name for path in place.iterdir()} == {path.name for path in pulled.iterdir()}
    assert weights_digest(place) == weights_digest(pulled)
    assert said["weights"] == {"demo_group.1": weights_digest(pulled)}
    # and mounted where a pod has its weights, it is found there
    assert find_weights(Repository(tmp_path / "models", root), "demo_group", 1).folder == place

    pod = yaml.safe_load(patch.read_text())["spec"]["template"]
    assert pod["metadata"]["annotations"] == digests
    reference = f"{registry.host}/someone/weights@{said['digest']}"
    assert pod["spec"]["volumes"] == [{"name": "weights", "image": {"reference": reference}}]


def test_what_the_servers_image_brings_is_left_out(
    hikari: Hikari, pulled: Path, registry: Registry, tmp_path: Path
) -> None:
    done = hikari("models", "image", "demo", "--to", f"oci:{tmp_path}/layout")
    held, *left, pushed = done.stdout.splitlines()
    assert held == f"holds  demo_group.1  {weights_digest(pulled)}"
    assert left == [f"lacks  {name}.1: it is part of the repository" for name in OTHERS]
    assert pushed.startswith("pushed")
    done = hikari("models", "image", "demo_disease", "--to", f"oci:{tmp_path}/layout")
    assert done.exit_code == 1
    assert "demo_disease: all weights are part of the repository" in done.stderr


def test_the_same_weights_are_the_same_image(
    hikari: Hikari, pulled: Path, registry: Registry, tmp_path: Path
) -> None:
    to = f"docker://{registry.host}/weights"
    first = hikari("models", "image", "demo_group", "--to", to)
    assert first.exit_code == 0, first.stderr
    digest = registry.tags["weights:latest"]
    assert first.stdout.splitlines() == [
        f"holds  demo_group.1  {weights_digest(pulled)}",
        f"pushed {to}  {digest}",
    ]
    os.utime(pulled / "config.json", (1, 1))
    second = hikari("models", "image", "demo_group", "--to", f"oci:{tmp_path}/layout", "--json")
    assert json.loads(second.stdout)["digest"] == digest


def test_what_buildah_refuses_is_one_sentence(
    hikari: Hikari, pulled: Path, registry: Registry
) -> None:
    refused = hikari("models", "image", "demo_group", "--to", "oci:/proc/nowhere/weights")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("hikari: buildah push failed: ")
    assert "/proc/nowhere" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_weights_that_are_not_right_are_in_no_image(
    hikari: Hikari, pulled: Path, registry: Registry
) -> None:
    def refused(name: str) -> str:
        done = hikari("models", "image", name, "--to", f"docker://{registry.host}/weights")
        assert (done.exit_code, done.stdout, registry.blobs) == (1, "", {})
        return done.stderr

    assert "no model 'demo_gruop'" in refused("demo_gruop")
    weights = pulled / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert f"{weights} is not what was pulled from the hub" in refused("demo")
    weights.unlink()
    assert refused("demo") == (
        "hikari: the weights of model 'demo_group' are not here: run "
        "`hikari models pull demo_group`\n"
    )
    config = pulled.parents[2] / "models" / "demo_group" / "config.yaml"
    config.write_text(config.read_text().replace(COMMIT, "v1"))
    assert "hikari.source.revision is v1, but must be a commit" in refused("demo")


def test_a_place_that_is_none_is_told_before_anything_is_built(hikari: Hikari) -> None:
    done = hikari("models", "image", "demo", "--to", "someone/weights")
    assert done.stderr.startswith("hikari: --to someone/weights: docker://someone/weights is in")
    done = hikari("models", "image", "demo", "--to", "oci:weights", "--write", "weights.yaml")
    assert "pods name an image in a registry, which oci:weights is not" in done.stderr


def test_a_machine_without_buildah_is_told_what_brings_it(
    hikari: Hikari, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKARI_MODELS", str(MODELS))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    done = hikari("models", "image", "demo", "--to", "oci:weights")
    assert done.exit_code == 1
    assert done.stderr.startswith("hikari: buildah is needed to build an image")
    assert "apt-get install buildah" in done.stderr
