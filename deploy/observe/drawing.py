"""The dashboard's panels as a picture, from what a Prometheus has of them."""

import math
from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from deploy.grafana.rows import RATE, ROWS, Panel
from tests.served.prometheus import asked

COLUMNS = 4
WINDOW = "15s"
"""In place of Grafana's own, which depends on the scrapes."""

LONGEST_NAME = 40
"""Digests are longer."""

MOST_NAMES = 5
"""Lines with a name in a panel; more would hide them."""

UNITS = {"s": "seconds", "reqps": "a second", "percentunit": "share", "short": ""}


def draw(url: str, began: float, ended: float, out: Path) -> None:
    """Draws each row of the dashboard.

    Args:
        url: A Prometheus.
        began: From when on, in seconds since the Unix epoch.
        ended: Until when.
        out: The picture, a PNG.
    """
    panels = [(title, panel) for title, row in ROWS.items() for panel in row]
    height = math.ceil(len(panels) / COLUMNS)
    figure = Figure(figsize=(5 * COLUMNS, 2.6 * height))
    grid = figure.subplots(height, COLUMNS)
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (title, panel) in zip(grid.flat, panels, strict=False):
        axes.set_axis_on()
        _panel(axes, f"{title}: {panel.title}", panel, _lines(url, panel, began, ended))
    figure.tight_layout()
    figure.savefig(out, dpi=60)


Line = list[tuple[float, float]]


def _lines(url: str, panel: Panel, began: float, ended: float) -> dict[str, Line]:
    """The panel's lines by their names: seconds since the beginning, and values."""
    lines: dict[str, Line] = {}
    for query, legend in panel.queries:
        over = {"start": began, "end": ended, "step": 1}
        found = asked(url, "query_range", query=query.replace(RATE, WINDOW), **over)
        for each in found["result"]:
            points = [(at - began, float(value)) for at, value in each["values"]]
            lines[_named(legend, each["metric"])] = points
    return lines


def _named(legend: str, labels: Mapping[str, str]) -> str:
    for name, value in labels.items():
        legend = legend.replace(f"{{{{{name}}}}}", value)
    return legend


def _panel(axes: Axes, title: str, panel: Panel, lines: Mapping[str, Line]) -> None:
    axes.set_title(title, fontsize=9, loc="left")
    axes.set_ylabel(UNITS[panel.unit], fontsize=7)
    axes.tick_params(labelsize=7)
    for number, (name, points) in enumerate(lines.items()):
        label = name[:LONGEST_NAME] if number < MOST_NAMES else None
        axes.plot(*zip(*points, strict=True), linewidth=1, label=label)
    axes.set_ylim(bottom=0, top=1.1 * axes.get_ylim()[1])
    if not lines:
        axes.text(0.5, 0.5, "nothing of that", ha="center", transform=axes.transAxes)
    else:
        axes.legend(fontsize=6, loc="upper left", framealpha=0.5)
