"""Who reaches whom: the policies, and where names and traces go."""

import os
from pathlib import Path

import yaml

from tests.deploy.kubernetes.overlays import (
    each_overlay,
    stage_deployments,
)
from tests.deploy.kubernetes.rendered import (
    FOLDER,
    Object,
    overlay,
    render,
    selects,
)


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
