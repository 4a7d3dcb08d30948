"""The rules use metrics that exist, each alert fires for its fault, and the docs list them all."""

import re
import shutil
import subprocess
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikari_serve.errors import _BY_CODE, HikariError
from tests.deploy.queries import used
from tests.drill.__main__ import BEGIN, END, main
from tests.drill.faults import FAULTS
from tests.served.server import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"]: rule for rule in RULES if "record" in rule}

ALL = "".join(rule["expr"] for rule in RULES)


def is_the_servers(code: str, kind: type[HikariError]) -> bool:
    """Whether it is the server that fails; these three are its clients' all the same."""
    clients = ("late", "method_not_allowed", "unsupported")
    return kind.status >= HTTPStatus.TOO_MANY_REQUESTS and code not in clients


def promtool(*arguments: str) -> str:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is missing: apt-get install prometheus")
    done = subprocess.run([tool, *arguments], cwd=FOLDER, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_alert_fires_for_its_fault_alone() -> None:
    assert "SUCCESS" in promtool("test", "rules", "tests.yml")


def test_each_alert_is_tried_before_and_after() -> None:
    tried: dict[str, set[bool]] = {}
    for case in yaml.safe_load((FOLDER / "tests.yml").read_text())["tests"]:
        for each in case["alert_rule_test"]:
            tried.setdefault(each["alertname"], set()).add("exp_alerts" in each)
    assert tried == {name: {True, False} for name in ALERTS}


@pytest.mark.parametrize("name", [*ALERTS, *RECORDED])
def test_it_uses_metrics_that_exist(name: str) -> None:
    query = {**ALERTS, **RECORDED}[name]["expr"]
    names = used(query)
    recorded = set(re.findall(r"\w+:hikari_\w+:\w+", query))
    assert recorded <= set(RECORDED)
    assert names or recorded or name == "HikariDown"


@pytest.mark.parametrize(
    "code", [code for code, kind in _BY_CODE.items() if is_the_servers(code, kind)]
)
def test_a_code_that_is_the_servers_has_an_alert(code: str) -> None:
    named = re.findall(r'hikari_requests_total{cause=~?"([^"]*)"}', ALL)
    failing = re.findall(r'hikari_stage_failures_total{cause="([^"]*)"}', ALL)
    assert code in "|".join(named + failing).split("|")


@pytest.mark.parametrize("name", [*ALERTS, *RECORDED])
def test_it_adds_up_no_two_installations(name: str) -> None:
    groups = re.findall(r"\b(?:by|on) \(([^)]*)\)", {**ALERTS, **RECORDED}[name]["expr"])
    assert [group for group in groups if "namespace" not in group.split(", ")] == []


def test_what_is_recorded_is_used() -> None:
    dashboard = (ROOT / "deploy" / "grafana" / "dashboard.json").read_text()
    queries = dashboard + "".join(rule["expr"] for rule in ALERTS.values())
    assert [name for name in RECORDED if name not in queries] == []


def test_the_docs_list_every_alert() -> None:
    text = (ROOT / "docs" / "alerts.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (\w+) \|", text, re.MULTILINE)
    assert rows == [
        (name, rule["labels"]["severity"], rule["for"]) for name, rule in ALERTS.items()
    ]


def test_the_docs_have_a_row_for_every_fault_of_the_drill() -> None:
    text = (ROOT / "docs" / "alerts.md").read_text()
    table = text.partition(BEGIN)[2].partition(END)[0]
    rows = re.findall(r"^\| (.+?) \| `(\w+)`: .*(?: s | never )\| (.+) \|$", table, re.MULTILINE)
    assert rows == [(fault.what, fault.alert, "none") for fault in FAULTS.values()]


def test_a_drill_of_some_faults_leaves_the_docs_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["drill", "--out", str(tmp_path / "alerts.md"), "slow"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "--out replaces the whole table" in capsys.readouterr().err
