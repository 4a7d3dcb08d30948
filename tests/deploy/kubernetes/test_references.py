"""A cascade that compares with cases, on cards: the stage `references`, and how an index comes there."""

import re
from pathlib import Path

import pytest
import yaml

from hikari_serve.cascade.wiring import read_graph
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings
from tests.deploy.kubernetes.overlays import DOCS
from tests.deploy.kubernetes.rendered import (
    FOLDER,
    Object,
    Rendered,
    component,
    copied,
    overlay,
    render,
)
from tests.served.server import ROOT

SECTION = DOCS.partition("### Reference cases")[2].partition("\n##")[0]


@pytest.fixture
def scaled(tmp_path: Path) -> Rendered:
    """The copy of `gpu-scaled` that docs/operations.md tells to make."""
    kustomization = copied("gpu-scaled", tmp_path)
    components = kustomization["components"]
    for after, added in (("gpu", "references"), ("keda", "keda/references")):
        components.insert(
            components.index(component(after, tmp_path)) + 1, component(added, tmp_path)
        )
    (settings,) = kustomization["configMapGenerator"]
    assert settings["literals"] == ["HIKARI_CASCADE=hikari_card"]
    settings["literals"] = ["HIKARI_CASCADE=hikari"]
    (patches,) = re.findall(r"^```\n(patches:\n.*?)^```$", SECTION, re.M | re.S)
    kustomization["patches"] += yaml.safe_load(patches)["patches"]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(tmp_path)


def of_pod(deployment: Object) -> Object:
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    on_a_card = {"shm", "cache"}
    return {
        "volumes": [each for each in pod["volumes"] if each["name"] not in on_a_card],
        "mounts": [each for each in container["volumeMounts"] if each["name"] not in on_a_card],
        "variables": [each for each in container["env"] if "CACHE" not in each["name"]],
        "settings": container["envFrom"],
        "image": container["image"],
        "grace": pod["terminationGracePeriodSeconds"],
        "replicas": deployment["spec"].get("replicas"),
    }


def test_the_stage_has_what_its_siblings_have_but_no_card(scaled: Rendered) -> None:
    deployments = scaled.of("Deployment")
    references = deployments["hikari-references"]
    assert of_pod(references) == of_pod(deployments["hikari-group"])
    (container,) = references["spec"]["template"]["spec"]["containers"]
    assert "nvidia.com/gpu" not in container["resources"]["limits"]
    assert set(scaled.of("ScaledObject")) == set(deployments) - {"hikari-api"}
    assert scaled.environment("hikari-weights")["HIKARI_CASCADE"] == "hikari"
    steps = read_graph(
        Repository(ROOT / "models").config("hikari"), Repository(ROOT / "models")
    ).steps
    for name in deployments:
        settings = Settings.from_environment(scaled.environment(name))
        settings.check_stages(steps)
        assert name != "hikari-api" or not settings.here(steps)


def test_an_index_is_copied_to_where_the_stage_looks_for_it() -> None:
    (pod,) = yaml.safe_load_all((FOLDER / "index.yaml").read_text())
    (container,) = pod["spec"]["containers"]
    job = overlay("gpu-single").pods()["hikari-weights"]["spec"]
    (pulls,) = job["containers"]
    policy = ("securityContext", "automountServiceAccountToken", "enableServiceLinks")
    for part in (*policy, "affinity", "tolerations"):
        assert pod["spec"][part] == job[part]
    for part in ("securityContext", "image", "imagePullPolicy"):
        assert container[part] == pulls[part]
    for each in (*container["volumeMounts"], *pod["spec"]["volumes"]):
        assert each in (*pulls["volumeMounts"], *job["volumes"])
    (copied_to,) = re.findall(r"cp indexes hikari-index:(\S+) ", SECTION)
    indexes = overlay("gpu-scaled").environment("hikari-api")["HIKARI_INDEXES"]
    assert f"{copied_to}/indexes" == indexes
