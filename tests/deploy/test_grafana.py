"""The dashboard is what its code builds, and every panel asks for what there is."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, Gauge

from deploy.grafana.dashboard import chosen, dashboard_json
from deploy.grafana.rows import ROWS
from hikari_serve.observability.figures import Figures
from tests.deploy.queries import samples, used
from tests.deploy.test_prometheus import ALERTS, RECORDED, promtool
from tests.served.server import ROOT

FILE = ROOT / "deploy" / "grafana" / "dashboard.json"
QUERIES = [
    chosen(query) for panels in ROWS.values() for panel in panels for query, _ in panel.queries
]


def graphs(node: Any) -> list[dict[str, Any]]:
    """All that is drawn, in rows or not."""
    inner = [graph for each in node.get("panels") or [] for graph in graphs(each)]
    return [*([node] if node.get("targets") else []), *inner]


def test_the_file_is_what_the_code_builds() -> None:
    assert FILE.read_text() == dashboard_json(), "run `make dashboard`"


def test_what_asks_how_to_write_it_writes_nothing() -> None:
    before = FILE.stat().st_mtime_ns
    command = [sys.executable, "-m", "deploy.grafana", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.startswith("usage:")) == (0, True)
    assert FILE.stat().st_mtime_ns == before


def test_every_row_is_there_with_its_panels() -> None:
    built = json.loads(FILE.read_text())
    assert [each["title"] for each in built["panels"] if each["type"] == "row"] == list(ROWS)
    shown = {graph["title"]: graph for graph in graphs(built)}
    panels = [panel for panels in ROWS.values() for panel in panels]
    assert set(shown) == {panel.title for panel in panels}
    for panel in panels:
        targets = shown[panel.title]["targets"]
        queries = [(chosen(query), legend) for query, legend in panel.queries]
        assert [(each["expr"], each["legendFormat"]) for each in targets] == queries


def test_two_installations_are_not_added_up() -> None:
    for query in QUERIES:
        names = re.findall(r"(?:\w+:)?hikari_\w+(?::\w+)?", query)
        assert query.count('{namespace=~"$namespace"') == len(names) > 0
    variables = {each["name"]: each for each in json.loads(FILE.read_text())["templating"]["list"]}
    assert variables["namespace"]["allValue"] == ".*"


@pytest.mark.parametrize("query", QUERIES)
def test_it_asks_for_what_there_is(query: str) -> None:
    recorded = set(re.findall(r"\w+:hikari_\w+:\w+", query))
    assert recorded <= set(RECORDED)
    assert used(query) or recorded


def test_what_several_say_of_the_same_thing_is_never_added_up() -> None:
    gauges = [each for each in vars(Figures(CollectorRegistry())).values() if type(each) is Gauge]
    same = {each._name for each in gauges if each._multiprocess_mode == "livemax"}
    assert same == {"hikari_stage_replicas", "hikari_model_info"}
    added_up = re.compile(rf"\bsum\b[^(]*(?:\([^()]*\) )?\([^()]*\b({'|'.join(same)})\b")
    rules = [rule["expr"] for rule in (*ALERTS.values(), *RECORDED.values())]
    assert [query for query in (*QUERIES, *rules) if added_up.search(query)] == []


def test_every_query_can_be_parsed(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(QUERIES)
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"{len(QUERIES)} rules found" in promtool("check", "rules", str(file))


def test_every_metric_is_looked_at() -> None:
    """By a panel or an alert: what nobody looks at is not counted."""
    rules = [rule["expr"] for rule in (*ALERTS.values(), *RECORDED.values())]
    looked_at = {name for query in (*QUERIES, *rules) for name in used(query)}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in samples()}
    seen = {re.sub(r"_(bucket|sum|count)$", "", name) for name in looked_at}
    assert families - seen == set()
