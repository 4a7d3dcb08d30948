"""How pods start and end, and what rolls them."""

import os
import re
from pathlib import Path

import pytest
import yaml

from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.serving.draining import drain_of
from tests.deploy.kubernetes.overlays import (
    DOCS,
    each_overlay,
    settings_of,
)
from tests.deploy.kubernetes.rendered import (
    FOLDER,
    OVERLAYS,
    overlay,
    render,
    selects,
)
from tests.served.server import ROOT


@each_overlay
def test_a_pod_has_its_deadline_to_end_and_a_busy_node_its_time_to_start(name: str) -> None:
    rendered = overlay(name)
    config = Repository(ROOT / "models").config(settings_of(name, "hikari-api").cascade)
    assert isinstance(config.hikari, CascadeConfig)
    for maker, deployment in rendered.of("Deployment").items():
        spec = deployment["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        grace = spec["terminationGracePeriodSeconds"]
        assert grace == config.hikari.timeout_ms / 1000 + 25
        before = container["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert before >= (10 if maker == "hikari-api" else 5)
        assert grace >= before + drain_of(config) + 5  # for its processes to end
        probes = {kind: container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")}
        for probe in probes.values():
            assert probe["httpGet"]["port"] == "probes"
            assert probe["timeoutSeconds"] >= 3
        started = probes["startup"]
        assert started["periodSeconds"] * started["failureThreshold"] >= 300
        assert probes["readiness"]["httpGet"]["path"] == "/readyz"
        assert probes["liveness"]["httpGet"]["path"] == "/livez"
        # an API that waits for a stage must not be started anew for it
        path = "/livez" if maker == "hikari-api" else "/readyz"
        assert started["httpGet"]["path"] == path


@each_overlay
def test_a_roll_out_is_not_given_up_while_a_stage_may_still_start(name: str) -> None:
    """The API is ready after the headline's stage, which reads its weights after they were pulled."""
    deployments = overlay(name).of("Deployment").values()
    longest = 0
    for deployment in deployments:
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        probe = container["startupProbe"]
        longest = max(longest, probe["periodSeconds"] * probe["failureThreshold"])
    for deployment in deployments:
        assert deployment["spec"].get("progressDeadlineSeconds", 600) >= 2 * longest


@each_overlay
def test_a_node_may_be_emptied_and_may_die(name: str) -> None:
    for deployment in overlay(name).of("Deployment").values():
        pod = deployment["spec"]["template"]
        local = [each["name"] for each in pod["spec"]["volumes"] if "emptyDir" in each]
        safe = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
        assert set(pod["metadata"]["annotations"][safe].split(",")) == set(local)
        waits = {
            each["key"].removeprefix("node.kubernetes.io/"): each["tolerationSeconds"]
            for each in pod["spec"].get("tolerations", ())
            if each["effect"] == "NoExecute"
        }
        (container,) = pod["spec"]["containers"]
        on_a_gpu = "nvidia.com/gpu" in container["resources"]["limits"]
        assert waits == ({} if on_a_gpu else {"not-ready": 30, "unreachable": 30})


def test_a_stage_on_a_cpu_outlives_a_pod_but_on_a_laptop() -> None:
    base = render(FOLDER / "base").of("Deployment")
    assert {each["spec"]["replicas"] for each in base.values()} == {2}
    for kind, least in (("hpa", "minReplicas"), ("keda", "minReplicaCount")):
        for file in (FOLDER / "components" / kind).rglob("*.yaml"):
            if file.name != "kustomization.yaml":
                assert yaml.safe_load(file.read_text())["spec"][least] == 2, file


@pytest.mark.parametrize("name", ["gpu-scaled", "gpu-single"])
def test_the_job_that_pulls_changes_with_what_it_pulls_alone(name: str) -> None:
    (job,) = overlay(name).of("Job").values()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert "envFrom" not in container
    its, api = (overlay(name).environment(each) for each in ("hikari-weights", "hikari-api"))
    wanted = ("HIKARI_CASCADE", "HIKARI_WEIGHTS", "HIKARI_INDEXES")
    assert [its[each] for each in wanted] == [api[each] for each in wanted]
    assert job["spec"]["ttlSecondsAfterFinished"] >= 24 * 3600
    assert "kubectl -n hikari delete job hikari-weights --ignore-not-found" in DOCS


def test_a_volume_of_one_node_is_filled_where_it_is_read() -> None:
    modes = {
        name: [each["spec"]["accessModes"] for each in found.values()]
        for name in OVERLAYS
        if (found := overlay(name).of("PersistentVolumeClaim"))
    }
    assert modes == {"gpu-scaled": [["ReadWriteMany"]], "gpu-single": [["ReadWriteOnce"]]}
    pods = overlay("gpu-single").pods()
    job, api = pods["hikari-weights"]["spec"], pods["hikari-api"]
    (beside,) = job["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert beside["topologyKey"] == "kubernetes.io/hostname"
    assert selects(beside["labelSelector"], api["metadata"]["labels"])
    on_cards = [each for each in api["spec"]["tolerations"] if each["key"] == "nvidia.com/gpu"]
    assert job["tolerations"] == on_cards != []


@each_overlay
def test_a_setting_of_the_api_rolls_no_stage_and_one_of_all_rolls_all(
    name: str, tmp_path: Path
) -> None:
    def rolled(settings: str) -> set[str]:
        change = {"name": settings, "behavior": "merge", "literals": ["HIKARI_LOAD=demo_group/2"]}
        source = os.path.relpath(FOLDER / "overlays" / name, tmp_path.resolve())
        kustomization = {
            "namespace": "hikari",
            "resources": [source],
            "configMapGenerator": [change],
        }
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        before, after = overlay(name).of("Deployment"), render(tmp_path).of("Deployment")
        return {each for each in before if before[each]["spec"] != after[each]["spec"]}

    assert rolled("hikari-api-settings") == {"hikari-api"}
    assert rolled("hikari-settings") == set(overlay(name).of("Deployment"))


@pytest.mark.parametrize("written", re.findall(r"^```\n(patches:\n.*?)^```$", DOCS, re.M | re.S))
def test_a_patch_of_the_docs_is_for_what_there_is(written: str, tmp_path: Path) -> None:
    """Kustomize passes over a patch whose target selects nothing."""
    (tmp_path / "weights.yaml").write_text(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: any}, spec: {paused: true}}"
    )
    for patch in yaml.safe_load(written)["patches"]:
        changed = []
        for name in OVERLAYS:
            source = os.path.relpath(FOLDER / "overlays" / name, tmp_path.resolve())
            kustomization = {"resources": [source], "patches": [patch]}
            (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
            rendered = render(tmp_path)
            assert len(rendered.objects) == len(overlay(name).objects)
            changed += [name] if rendered != overlay(name) else []
        assert changed, patch
