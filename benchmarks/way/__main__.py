"""Measures the way, and writes the page: `make bench-way`."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from benchmarks.machine import Machine
from benchmarks.tables import table
from benchmarks.way import PAGE
from benchmarks.way.hop import Trip, trips
from benchmarks.way.intake import Cost, costs


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description="Measure the way of a picture to the models.")
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--quick", action="store_true", help="too few pictures to quote")
    asked = parser.parse_args()
    machine = Machine.here()
    intake, hop = costs(1 if asked.quick else 15), trips(5 if asked.quick else 300)
    asked.out.write_text(page(machine, intake, hop, quick=asked.quick), encoding="utf-8")


def page(
    machine: Machine, intake: Mapping[str, Cost], hop: Mapping[str, Trip], *, quick: bool
) -> str:
    """The page, in Markdown."""
    read = table(
        ("picture", "kB", "decoding", "all", "ratio"),
        (
            (
                name,
                f"{cost.size / 1000:.0f}",
                f"{cost.bare:.1f}",
                f"{cost.whole:.1f}",
                f"{cost.whole / cost.bare:.2f}",
            )
            for name, cost in intake.items()
        ),
    )
    went = table(
        ("view", "kB", "hop", "bare POST", "ratio"),
        (
            (
                name,
                f"{trip.size / 1000:.0f}",
                f"{trip.hop:.2f}",
                f"{trip.bare:.2f}",
                f"{trip.hop / trip.bare:.2f}",
            )
            for name, trip in hop.items()
        ),
    )
    unfit = "\n\n**From a quick run, with too few pictures to quote.**" if quick else ""
    return f"""# The way of a picture to the models

`make bench-way` measures all of this anew and writes this page. Medians.{unfit}

- machine: {machine.processor}, {machine.cores} cores, {machine.memory_gb:.0f} GB, \
{machine.system}, no GPU used; load average before the run {machine.load:.1f}
- run: {machine.day}
- versions: {machine.versions}

## At the door

From the bytes of a file to the views that the demo's stages see: recognised, looked through,
decoded, upright, in sRGB, judged, scaled, hashed. Beside it Pillow's decoding alone. Milliseconds
of CPU time. The photograph is that of `make bench`: a drawing enlarged, unevenly lit and grainy,
which compresses as photographs do.

{read}

What is held upright is turned before it is scaled, because the other order gives other pixels than
the weights were trained on.

## On the hop

A call to a stage that answers at once, over loopback, beside a bare POST of the same bytes between
the same client and server libraries, in turns. Milliseconds.

{went}
"""


if __name__ == "__main__":
    main()
