"""Every overlay renders, and its objects are what the cascade's stages and the server say."""

import os
import re
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.kubernetes.overlays import (
    DOCS,
    each_overlay,
    graph_of,
    settings_of,
    stage_deployments,
)
from tests.deploy.kubernetes.rendered import (
    FOLDER,
    cores,
    overlay,
    render,
    selects,
)


@each_overlay
def test_its_pods_are_as_restricted_as_pods_can_be(name: str) -> None:
    rendered = overlay(name)
    (namespace,) = rendered.of("Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for pod in rendered.pods().values():
        spec = pod["spec"]
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        volumes = {key for each in spec["volumes"] for key in each if key != "name"}
        assert volumes <= {"emptyDir", "persistentVolumeClaim", "secret"}
        assert all(
            "sizeLimit" in each.get("emptyDir", {"sizeLimit": ""}) for each in spec["volumes"]
        )
        assert spec["automountServiceAccountToken"] is False
        assert spec["serviceAccountName"] in rendered.of("ServiceAccount")
        assert spec["enableServiceLinks"] is False
    for _, container in rendered.containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
        for resource in ("cpu", "memory"):
            assert resource in container["resources"]["requests"]
            assert resource in container["resources"]["limits"]


@each_overlay
def test_a_patch_of_the_docs_leaves_the_ids_of_users_to_openshift(
    name: str, tmp_path: Path
) -> None:
    (written,) = re.findall(r"^```\n(patches:\n[^`]*runAsUser.*?)^```$", DOCS, re.M | re.S)
    source = os.path.relpath(FOLDER / "overlays" / name, tmp_path.resolve())
    kustomization = {"resources": [source], **yaml.safe_load(written)}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    for pod in render(tmp_path).pods().values():
        left = {"runAsNonRoot", "fsGroupChangePolicy", "seccompProfile"}
        assert set(pod["spec"]["securityContext"]) == left


@each_overlay
def test_the_server_takes_its_settings(name: str) -> None:
    for maker in overlay(name).of("Deployment"):
        settings_of(name, maker).check_stages(graph_of(name).steps)


@each_overlay
def test_a_stage_is_asked_where_its_pods_are(name: str) -> None:
    rendered, settings = overlay(name), settings_of(name, "hikari-api")
    elsewhere = set(graph_of(name).steps) - set(settings.here(graph_of(name).steps))
    assert set(stage_deployments(name)) == elsewhere
    for stage, deployment in stage_deployments(name).items():
        service = rendered.of("Service")[f"hikari-{stage}"]
        assert service["spec"]["clusterIP"] == "None"
        (port,) = service["spec"]["ports"]
        url = f"http://{service['metadata']['name']}:{port['port']}"
        assert settings.of_stage(stage).runner == url
        assert settings_of(name, f"hikari-{stage}").stage == stage
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        numbers = {each["name"]: each["containerPort"] for each in container["ports"]}
        assert numbers[port["targetPort"]] == port["port"] == int(container["command"][-1])
        assert numbers["probes"] == settings.metrics_port


@each_overlay
def test_what_selects_pods_selects_those_of_its_own_name(name: str) -> None:
    rendered = overlay(name)
    labels = {key: each["metadata"]["labels"] for key, each in rendered.pods().items()}
    for kind in ("Deployment", "PodDisruptionBudget", "Service", "NetworkPolicy"):
        for key, each in rendered.of(kind).items():
            spec = each["spec"]
            selector = spec.get("podSelector") or spec["selector"]
            if kind == "Service":
                selector = {"matchLabels": selector}
            assert [pod for pod in labels if selects(selector, labels[pod])] == [key]
    for key, pod in rendered.pods().items():
        for spread in pod["spec"].get("topologySpreadConstraints", ()):
            assert selects(spread["labelSelector"], labels[key])
            assert spread["matchLabelKeys"] == ["pod-template-hash"]


@each_overlay
def test_a_pod_with_a_gpu_has_shared_memory_and_a_cache_for_kernels(name: str) -> None:
    for _, container in overlay(name).containers():
        if "nvidia.com/gpu" not in container["resources"]["limits"] or container["name"] == "plan":
            continue
        mounts = {each["mountPath"] for each in container["volumeMounts"]}
        assert {"/dev/shm", "/var/cache/hikari"} <= mounts
        caches = [each["value"] for each in container["env"] if "CACHE" in each["name"]]
        assert len(caches) == 5
        assert all(each.startswith("/var/cache/hikari") for each in caches)


@each_overlay
def test_the_docs_tell_which_secrets_to_make(name: str) -> None:
    """All that a pod does not start without."""
    text = yaml.safe_dump_all(overlay(name).objects)
    wanted = set(re.findall(r"secretName: (\S+)", text))
    for _, container in overlay(name).containers():
        for each in container.get("env", ()):
            reference = each.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                wanted.add(reference["name"])
                literal = f"secret generic {reference['name']} --from-literal={reference['key']}="
                assert literal in DOCS
    for secret in wanted:
        assert f"kubectl -n hikari create secret generic {secret} " in DOCS
    assert wanted == set() or name != "demo-cpu"


def folders(kind: str) -> list[str]:
    found = FOLDER.rglob("kustomization.yaml")
    parsed = {
        str(path.parent.relative_to(FOLDER)): yaml.safe_load(path.read_text()) for path in found
    }
    return sorted(path for path, each in parsed.items() if each["kind"] == kind)


def test_every_component_can_be_laid_on_the_base(tmp_path: Path) -> None:
    """All but those that overlays here use together, such as one autoscaler on another."""

    def rendered_with(*components: str) -> dict[str, Any]:
        to = {
            name: os.path.relpath(FOLDER / name, tmp_path.resolve())
            for name in (*components, "base")
        }
        kustomization = {"resources": [to["base"]], "components": [to[each] for each in components]}
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        rendered = render(tmp_path)
        return {f"{each['kind']}/{each['metadata']['name']}": each for each in rendered.objects}

    base = rendered_with()
    for component in folders("Component"):
        needs = ["components/references"] if component.endswith("/references") else []
        with_it = rendered_with(*dict.fromkeys([*needs, component]))
        assert with_it != (rendered_with(*needs) if needs and needs != [component] else base)
    both = rendered_with("components/references", "components/hpa", "components/hpa/references")
    for key, each in both.items():
        if key.startswith("HorizontalPodAutoscaler/"):
            target = both[f"Deployment/{each['spec']['scaleTargetRef']['name']}"]
            assert "replicas" not in target["spec"]
            assert each["metadata"]["name"] == target["metadata"]["name"]
            (container,) = target["spec"]["template"]["spec"]["containers"]
            (busy,) = (metric["resource"]["target"] for metric in each["spec"]["metrics"])
            limit = cores(container["resources"]["limits"]["cpu"])
            assert cores(busy["averageValue"]) == 0.75 * limit
    assert sum(key.startswith("HorizontalPodAutoscaler/") for key in both) == 5
