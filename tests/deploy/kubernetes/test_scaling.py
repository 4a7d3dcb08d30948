"""Scaling and alerts ask for metrics that there are, of the stages that there are."""

import os
import re
from pathlib import Path

import pytest
import yaml

from hikari_serve.cascade.wiring import read_graph
from hikari_serve.repository.repository import Repository
from tests.deploy.kubernetes.rendered import FOLDER, overlay, render, selects
from tests.deploy.queries import used
from tests.served.server import ROOT

SCALED = overlay("gpu-scaled")


def test_each_stage_is_scaled_by_what_waits_for_it_and_never_to_none() -> None:
    objects = SCALED.of("ScaledObject")
    assert set(objects) == set(SCALED.of("Deployment")) - {"hikari-api"}
    (references,) = render(FOLDER / "components" / "keda" / "references").objects
    for name, each in {**objects, "hikari-references": references}.items():
        spec, stage = each["spec"], name.removeprefix("hikari-")
        assert spec["scaleTargetRef"] == {"name": name}
        assert spec["minReplicaCount"] == (2 if name == "hikari-references" else 1)  # a card each
        assert spec["fallback"]["replicas"] > spec["minReplicaCount"]
        asked = set()
        for trigger in spec["triggers"]:
            query = trigger["metadata"]["query"]
            asked |= used(query)
            assert set(re.findall(r'{namespace="hikari",stage="(\w+)"}', query)) == {stage}
            assert query.count("{") == len(used(query))
            assert trigger["metricType"] == "AverageValue"  # `fallback` works with no other
            assert trigger["metadata"]["ignoreNullValues"] == "false"  # nothing is not zero
        assert asked == {"hikari_stage_pending", "hikari_stage_running", "hikari_stage_waiting"}
        if name in objects:
            assert "replicas" not in SCALED.of("Deployment")[name]["spec"]


@pytest.mark.parametrize("cascade", ["hikari_card", "hikari"])
def test_a_replica_is_added_for_a_full_batch(cascade: str) -> None:
    repository = Repository(ROOT / "models")
    (references,) = render(FOLDER / "components" / "keda" / "references").objects
    objects = {**SCALED.of("ScaledObject"), "hikari-references": references}
    for node in read_graph(repository.config(cascade), repository).nodes:
        triggers = objects[f"hikari-{node.name}"]["spec"]["triggers"]
        batch = node.config.triton.max_batch_size
        assert {each["metadata"]["threshold"] for each in triggers} == {str(batch)}


def test_two_installations_do_not_scale_each_other(tmp_path: Path) -> None:
    source = FOLDER / "overlays" / "gpu-scaled"
    repeated = yaml.safe_load((source / "kustomization.yaml").read_text())["replacements"]
    other = {
        "namespace": "other",
        "resources": [os.path.relpath(source, tmp_path.resolve())],
        "replacements": repeated,
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(other))
    rendered = render(tmp_path)
    assert {each["metadata"].get("namespace") for each in rendered.objects} == {"other", None}
    assert list(rendered.of("Namespace")) == ["other"]
    for each in rendered.of("ScaledObject").values():
        for trigger in each["spec"]["triggers"]:
            query = trigger["metadata"]["query"]
            assert query.count('namespace="other"') == query.count("{")


def test_the_rules_are_those_of_prometheus() -> None:
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())
    assert SCALED.of("PrometheusRule")["hikari"]["spec"] == rules, "run `make rules`"


def test_every_pod_that_serves_is_scraped_under_the_rules_job() -> None:
    monitor = SCALED.of("PodMonitor")["hikari"]["spec"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["path"] == "/metrics"
    for deployment in SCALED.of("Deployment").values():
        pod = deployment["spec"]["template"]
        labels = pod["metadata"]["labels"]
        assert selects(monitor["selector"], labels)
        assert labels[monitor["jobLabel"]] == "hikari"
        (container,) = pod["spec"]["containers"]
        assert endpoint["port"] in [each["name"] for each in container["ports"]]


def test_the_dashboard_is_the_one_that_its_code_builds() -> None:
    data = SCALED.of("ConfigMap")["hikari-dashboard"]["data"]
    assert data["hikari.json"] == (ROOT / "deploy" / "grafana" / "dashboard.json").read_text()
