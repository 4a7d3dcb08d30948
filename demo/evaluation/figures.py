"""The pictures of an evaluation: confusion, reliability, risk against coverage, the drawings."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from demo.evaluation import measures
from demo.evaluation.findings import SURER
from demo.evaluation.questions import SEED
from demo.evaluation.rules import Rules
from demo.evaluation.study import Study
from demo.evaluation.trials import Trial
from hikari_serve.drawing.captions import NAMES
from hikari_serve.drawing.cases import draw_case

LABELS = tuple(NAMES)
INK, ACCENT, PALE = "#1f2933", "#2563a8", "#b8c2cc"
OTHER_SHADES = (0.15, 0.6)
"""Grey of the lines of other pictures, from the first kind to the last."""
THUMBNAIL = 96
"""Side of a drawing on the sheet, in pixels."""
SHEET_ROWS = 3
"""Rows of clear drawings on the sheet, and as many of hard ones."""


def draw_figures(study: Study, rules: Rules, folder: Path) -> list[str]:
    """Writes the figures as PNG files into a folder and returns their names."""
    drawers: dict[str, Callable[[Study], Figure]] = {
        "confusion.png": confusion,
        "reliability.png": reliability,
        "risk-coverage.png": risk_coverage,
        "distance.png": partial(distance, rules=rules),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, drawer in drawers.items():
        # without a date or version in it, the same study gives the same file
        drawer(study).savefig(folder / name, dpi=110, metadata={"Software": None})
    sheet().save(folder / "drawings.png", optimize=True)
    return ["drawings.png", *drawers]


def confusion(study: Study) -> Figure:
    """Two tables side by side: true disease by what was named, clear and hard."""
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    _confusion(left, "clear drawings", study.clear)
    _confusion(right, "hard drawings", study.hard)
    left.set_ylabel("drawn")
    return figure


def reliability(study: Study) -> Figure:
    """How often the most probable label is right, by its probability; mixed drawings."""
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    beliefs = {"group": measures.group_beliefs, "disease": measures.disease_beliefs}
    for axes, (name, believed) in zip(figure.subplots(1, 2), beliefs.items(), strict=True):
        bins = measures.reliability(believed(study.mixed))
        shares, confidences, accuracies = np.asarray(bins).T
        axes.plot([0, 1], [0, 1], color=PALE, linestyle="--", label="as sure as right")
        axes.plot(confidences, accuracies, color=ACCENT)
        axes.scatter(confidences, accuracies, s=20 + 600 * shares, color=ACCENT, alpha=0.6)
        axes.set(title=name, xlabel="mean probability", ylabel="share right")
        axes.set(xlim=(0, 1.03), ylim=(0, 1.03))
        axes.legend(loc="upper left", frameon=False)
    return figure


def risk_coverage(study: Study) -> Figure:
    """The share of errors among the surest of the pictures; mixed drawings."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    coverage, risk = measures.risk_coverage(measures.disease_beliefs(study.mixed))
    axes.plot(coverage, risk, color=ACCENT)
    axes.axvline(SURER, color=PALE, linestyle="--")
    axes.set(xlabel="share of pictures answered, the surest first", ylabel="share of them wrong")
    axes.set(xlim=(0, 1), ylim=(0, None))
    return figure


def distance(study: Study, rules: Rules) -> Figure:
    """What a rule on the distance withholds of drawings, and still names of anything else."""
    figure = Figure(figsize=(9, 4.4), layout="constrained")
    shares = np.geomspace(0.002, 0.5, 40)
    other = np.linspace(*OTHER_SHADES, max(1, len(study.skin)))
    for axes, (captions, title) in zip(
        figure.subplots(1, 2, sharey=True),
        ((False, "belief and distance"), (True, "belief, distance and caption")),
        strict=True,
    ):
        kinds = [("mixed drawings", study.plain, ACCENT)]
        kinds += [
            (kind, seen, str(shade))
            for (kind, seen), shade in zip(study.skin.items(), other, strict=True)
        ]
        for kind, seen, colour in kinds:
            tried = replace(rules, captions=captions)
            named = [1 - measures.withheld(seen, tried.at(share)) for share in shares]
            axes.plot(shares, named, color=colour, label=kind)
        axes.axvline(rules.min_typicality, color=PALE, linestyle="--")
        axes.set(title=title, xlabel="min_typicality", xscale="log", ylim=(0, 1.02))
    figure.axes[0].set_ylabel("share for which a disease is named")
    figure.axes[0].legend(loc="center left", bbox_to_anchor=(0, 0.72), frameon=False)
    return figure


def sheet() -> Image.Image:
    """One column a disease: rows of clear drawings, then the same rows made hard."""
    columns = len(LABELS)
    page = Image.new("RGB", (columns * THUMBNAIL, 2 * SHEET_ROWS * THUMBNAIL), "white")
    for index in range(columns * SHEET_ROWS):
        row, column = divmod(index, columns)
        for drawing, below in (
            (draw_case(index, SEED), 0),
            (draw_case(index, SEED, "hard"), SHEET_ROWS),
        ):
            small = drawing.image.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
            page.paste(small, (column * THUMBNAIL, (row + below) * THUMBNAIL))
    return page


def _confusion(axes: Axes, title: str, trials: Sequence[Trial]) -> None:
    table = measures.confusion(trials, LABELS)
    axes.imshow(table / table.sum(1, keepdims=True), cmap="Blues", vmin=0, vmax=1)
    for (row, column), number in np.ndenumerate(table):
        if number:
            dark = number > table[row].sum() / 2
            axes.text(
                column,
                row,
                str(number),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else INK,
            )
    names = [NAMES[label] for label in LABELS]
    axes.set_xticks(range(len(names) + 1), [*names, "none named"], rotation=45, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set(title=title, xlabel="named")
