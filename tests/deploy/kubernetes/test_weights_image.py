"""Weights as an image volume: every pod that computes names the image and what its answers quote."""

from pathlib import Path

import pytest
import yaml

from hikari_serve.cli.models.image import find_parts, pinned_reference, write_patch
from hikari_serve.repository.repository import Repository
from hikari_serve.tasks.loading import load_model
from tests.deploy.kubernetes.rendered import Rendered, component, copied, overlay, render
from tests.served.server import ROOT

COMPUTES = {"kind": "Deployment", "labelSelector": "hikari-serve/role in (stage, whole)"}
IMAGE = pinned_reference("docker://registry.example.org/hikari-weights:new", f"sha256:{'ab' * 32}")
MODELS = Repository(ROOT / "models")


def with_image(name: str, folder: Path) -> Rendered:
    """An overlay here with `weights-image` in place of `weights`, as docs/operations.md says."""
    kustomization = copied(name, folder)
    components = [each for each in kustomization["components"] if not each.endswith("/weights")]
    kustomization["components"] = [*components, component("weights-image", folder)]
    write_patch(folder / "weights.yaml", IMAGE, find_parts(MODELS, ["demo"]))
    kustomization["patches"].append({"path": "weights.yaml", "target": COMPUTES})
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(folder)


@pytest.mark.parametrize("name", ["demo-cpu", "gpu-scaled", "gpu-single"])
def test_the_pods_that_compute_mount_it_where_they_look_for_weights(
    name: str, tmp_path: Path
) -> None:
    rendered = with_image(name, tmp_path)
    assert not rendered.of("PersistentVolumeClaim")
    assert not rendered.of("Job")
    assert set(rendered.of("Deployment")) == set(overlay(name).of("Deployment"))
    computing = 0
    for maker, pod in rendered.pods().items():
        volumes = [each for each in pod["spec"]["volumes"] if "image" in each]
        if pod["metadata"]["labels"].get("hikari-serve/role") not in ("stage", "whole"):
            assert not volumes
            continue
        computing += 1
        assert volumes == [
            {"name": "weights", "image": {"reference": IMAGE, "pullPolicy": "IfNotPresent"}}
        ]
        (container,) = pod["spec"]["containers"]
        (mount,) = [each for each in container["volumeMounts"] if each["name"] == "weights"]
        assert mount["readOnly"]
        assert rendered.environment(maker)["HIKARI_WEIGHTS"] == mount["mountPath"]
    assert computing == max(1, len(rendered.of("Deployment")) - 1)


def test_a_pod_names_the_digest_that_its_answers_quote(tmp_path: Path) -> None:
    model = load_model(MODELS, "demo_group", 1, cores=1)
    annotations = with_image("demo-cpu", tmp_path).pods()["hikari-group"]["metadata"]["annotations"]
    assert annotations["hikari-serve/weights.demo_group.1"] == model.provenance.weights


def test_no_pod_starts_before_an_image_was_named() -> None:
    optional = render(Path(__file__).parent / "optional")
    for name, pod in optional.pods().items():
        images = [each["image"] for each in pod["spec"]["volumes"] if "image" in each]
        nothing = {
            "reference": f"hikari-weights@sha256:{'0' * 64}",
            "pullPolicy": "IfNotPresent",
        }
        assert images == ([] if name == "hikari-api" else [nothing])
