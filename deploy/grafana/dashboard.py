"""The rows as Grafana reads them."""

from grafana_foundation_sdk.builders import common, dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import StackingMode
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from deploy.grafana.rows import ROWS, Panel

SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")
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
    )
    for title, panels in ROWS.items():
        built = built.with_row(dashboard.Row(title))
        for panel in panels:
            built = built.with_panel(_panel(panel))
    return JSONEncoder(sort_keys=True, indent=2).encode(built.build()) + "\n"


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
            .expr(query)
            .legend_format(legend)
        )
    return built
