"""The rows as Grafana reads them."""

import re

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import StackingMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef, VariableRefresh

from deploy.grafana.rows import ROWS, Panel

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
NAMESPACE = "namespace"
"""A label that the scraper adds on Kubernetes: two installations in a cluster differ in it."""
_NAME = re.compile(r"((?:\w+:)?hikari_\w+(?::\w+)?)(?:{([^}]*)})?")
WIDTH, HEIGHT = 8, 8
"""Of a panel; Grafana has 24 columns."""


def dashboard_json() -> str:
    """The whole dashboard, as a file to import."""
    built = (
        dashboard.Dashboard("HIKARI Serve")
        .uid("hikari-serve")
        .tags(["hikari"])
        .refresh("30s")
        .time("now-1h", "now")
        .readonly()
        .with_variable(dashboard.DatasourceVariable("source").type("prometheus"))
        .with_variable(
            dashboard.QueryVariable(NAMESPACE)
            .datasource(SOURCE)
            .query(f"label_values(hikari_model_info, {NAMESPACE})")
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .include_all(True)
            .all_value(".*")  # also what has none, outside Kubernetes
        )
    )
    for title, panels in ROWS.items():
        built = built.with_row(dashboard.Row(title))
        for panel in panels:
            built = built.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(built.build()) + "\n"


def chosen(query: str) -> str:
    """A query, of the chosen namespace alone."""

    def narrowed(name: re.Match[str]) -> str:
        others = f",{name[2]}" if name[2] else ""
        return f'{name[1]}{{{NAMESPACE}=~"${NAMESPACE}"{others}}}'

    return _NAME.sub(narrowed, query)


def _panel(panel: Panel) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .title(panel.title)
        .unit(panel.unit)
        .datasource(SOURCE)
        .span(WIDTH)
        .height(HEIGHT)
        .min(0)
    )
    if panel.stacked:
        built = built.stacking(common.StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(20)
    for number, (query, legend) in enumerate(panel.queries):
        built = built.with_target(
            prometheus.Dataquery()
            .ref_id(chr(ord("A") + number))
            .datasource(SOURCE)
            .expr(chosen(query))
            .legend_format(legend)
        )
    return built
