"""Every overlay renders, and its pods are what the cascade's stages, the server and the docs say."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.cli.models.plan import needs_on_gpu
from hikari_serve.planning.plan import by_device, gpu_bytes, make_plan
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.serving.draining import drain_of
from hikari_serve.settings import Settings
from tests.deploy.kubernetes.rendered import FOLDER, OVERLAYS, Object, overlay, render, selects
from tests.served.server import ROOT

each_overlay = pytest.mark.parametrize("name", OVERLAYS)
DOCS = (ROOT / "docs" / "operations.md").read_text()


def settings_of(name: str, maker: str) -> Settings:
    return Settings.from_environment(overlay(name).environment(maker))


def graph_of(name: str) -> Graph:
    repository = Repository(ROOT / "models")
    return read_graph(repository.config(settings_of(name, "hikari-api").cascade), repository)


def stage_deployments(name: str) -> dict[str, Object]:
    """The Deployments of stages, by the stage."""
    found = overlay(name).of("Deployment").items()
    return {key.removeprefix("hikari-"): each for key, each in found if key != "hikari-api"}


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
def test_only_the_api_reaches_a_stage_and_only_the_scraper_metrics(name: str) -> None:
    rendered = overlay(name)
    labels = {key: each["metadata"]["labels"] for key, each in rendered.pods().items()}
    policies = rendered.of("NetworkPolicy")
    assert set(policies) == set(labels)
    scraper = [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ]
    for key, each in policies.items():
        assert each["spec"]["policyTypes"] == ["Ingress", "Egress"]
        for rule in each["spec"]["ingress"]:
            ports = {port["port"] for port in rule["ports"]}
            if "probes" in ports:
                assert (ports, rule["from"]) == ({"probes"}, scraper)
            elif key != "hikari-api":
                ((sender, selector),) = rule["from"][0].items()
                assert sender == "podSelector"
                assert [pod for pod in labels if selects(selector, labels[pod])] == ["hikari-api"]
    for stage in stage_deployments(name):
        assert policies[f"hikari-{stage}"]["spec"]["egress"] == []
    (to,) = [rule["to"] for rule in policies["hikari-api"]["spec"]["egress"] if "to" in rule]
    reached = [pod for pod in labels if selects(to[0]["podSelector"], labels[pod])]
    assert reached == [f"hikari-{stage}" for stage in stage_deployments(name)]


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


@each_overlay
def test_names_are_asked_for_where_clusters_answer_them(name: str, tmp_path: Path) -> None:
    source = os.path.relpath(FOLDER / "overlays" / name, tmp_path.resolve())
    traces = os.path.relpath(FOLDER / "components" / "traces", tmp_path.resolve())
    kustomization = {"namespace": "hikari", "resources": [source], "components": [traces]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    traced = render(tmp_path)

    def names(policy: Object) -> set[tuple[int, str]]:
        rules = [rule["ports"] for rule in policy["spec"]["egress"] if "to" not in rule]
        return {(port["port"], port.get("protocol", "TCP")) for ports in rules for port in ports}

    dns = {(port, protocol) for port in (53, 5353) for protocol in ("UDP", "TCP")}
    for key, policy in overlay(name).of("NetworkPolicy").items():
        assert names(policy) - {(443, "TCP")} == (set() if key in stages_of(name) else dns)
    (endpoint,) = {
        traced.environment(each)["OTEL_EXPORTER_OTLP_ENDPOINT"] for each in traced.of("Deployment")
    }
    for key in traced.of("Deployment"):
        policy = traced.of("NetworkPolicy")[key]
        assert names(policy) == dns
        ports = [
            port["port"]
            for rule in policy["spec"]["egress"]
            for to in rule.get("to", ())
            for port in rule["ports"]
            if "namespaceSelector" in to
        ]
        assert endpoint == f"http://otel-collector.monitoring:{ports[0]}"


def stages_of(name: str) -> set[str]:
    return {f"hikari-{stage}" for stage in stage_deployments(name)}


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


def mib(pod: str, when: str) -> int:
    """What `make sizing` found, at rest or after load."""
    (found,) = re.findall(rf"^\| {pod} \| \d+ \| \d+ \| (\d+) \| (\d+) \|$", DOCS, re.M)
    return int(found[("at rest", "after load").index(when)])


@each_overlay
def test_an_api_has_the_memory_that_it_takes_at_worst(name: str) -> None:
    """By the arithmetic of docs/settings.md, and beside what sleeps in the same pod."""
    settings = settings_of(name, "hikari-api")
    (container,) = overlay(name).pods()["hikari-api"]["spec"]["containers"]
    limits = container["resources"]["limits"]
    decoding = 9 * settings.max_image_pixels * int(limits["cpu"])
    worst = 3 * settings.max_bytes + decoding + mib("api", "at rest") * 2**20
    asleep = asleep_beside_the_api(name)
    assert (asleep > 0) == (name == "gpu-single")
    assert worst + asleep < int(limits["memory"].removesuffix("Gi")) * 2**30


def asleep_beside_the_api(name: str) -> int:
    """Bytes that engines in its pod keep while another has the card, as `hikari models plan` says."""
    settings = settings_of(name, "hikari-api")
    if not settings.here(graph_of(name).steps):
        return 0
    needs, _ = needs_on_gpu(Repository(ROOT / "models"), settings.cascade)
    plans = [make_plan(each, gpu_bytes("16GB")) for each in by_device(needs).values()]
    return sum(plan.host for plan in plans)


SYSTEM_CORES, SYSTEM_GB = 1.0, 0.5
"""What the pods of a node's own system ask for: of kind's one node 0.95 cores and 0.3 GB."""


def cores(quantity: str) -> float:
    return int(quantity[:-1]) / 1000 if quantity.endswith("m") else float(quantity)


def asked(pod: Object) -> tuple[float, int]:
    """Cores and bytes that a pod requests."""
    (container,) = pod["spec"]["containers"]
    requests = container["resources"]["requests"]
    return cores(requests["cpu"]), int(requests["memory"].removesuffix("Mi")) * 2**20


def test_the_demo_and_a_roll_of_all_of_it_fit_the_node_that_the_docs_name() -> None:
    pods = overlay("demo-cpu").pods().values()
    deployments = overlay("demo-cpu").of("Deployment").values()
    assert {each["spec"]["replicas"] for each in deployments} == {1}
    surge = {each["spec"]["strategy"]["rollingUpdate"]["maxSurge"] for each in deployments}
    assert surge == {1}
    (row,) = re.findall(r"^\| `demo-cpu` .* (\d+) cores, (\d+) GB \|$", DOCS, re.M)
    assert 2 * sum(asked(pod)[0] for pod in pods) + SYSTEM_CORES <= int(row[0])
    assert 2 * sum(asked(pod)[1] for pod in pods) / 1e9 + SYSTEM_GB <= int(row[1])


def test_a_pod_asks_for_what_an_image_a_second_takes() -> None:
    for maker, pod in overlay("demo-cpu").pods().items():
        component = maker.removeprefix("hikari-")
        (drawing,) = re.findall(rf"^\| {component} \| (\d\.\d+) \|", DOCS, re.M)
        (photograph,) = re.findall(r"A photograph costs the API (\d\.\d+) core", DOCS)
        assert float(photograph if component == "api" else drawing) <= asked(pod)[0]
        assert mib(component, "after load") * 2**20 <= asked(pod)[1]


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
def test_a_patch_of_the_docs_can_be_laid_on_every_overlay(written: str, tmp_path: Path) -> None:
    (tmp_path / "weights.yaml").write_text(
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: any}}"
    )
    for name in OVERLAYS:
        source = os.path.relpath(FOLDER / "overlays" / name, tmp_path.resolve())
        kustomization = {"resources": [source], **yaml.safe_load(written)}
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        assert len(render(tmp_path).objects) == len(overlay(name).objects)


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
