"""Measures everything and writes the report: `python -m benchmarks`."""

import argparse
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.plan import FULL, QUICK
from benchmarks.report import page
from benchmarks.study import study
from hikari_serve.settings import Settings

LEAST_AGREEMENT = 0.95
"""Share of pictures below which two sides did not do the same work."""


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description="Measure the server and its rivals.")
    parser.add_argument("--out", type=Path, default=Path("docs/performance.md"))
    parser.add_argument("--quick", action="store_true", help="too few requests to quote")
    asked = parser.parse_args()
    began = perf_counter()

    def say(text: str) -> None:
        print(f"{perf_counter() - began:5.0f} s  {text}", file=sys.stderr)

    results = study(Settings.from_environment(), QUICK if asked.quick else FULL, say)
    asked.out.write_text(page(results), encoding="utf-8")
    say(f"wrote {asked.out}")
    for who, agreement in results.agreement.items():
        if agreement.least < LEAST_AGREEMENT:
            sys.exit(f"{who} and the server answered differently, so nothing compares: {agreement}")


if __name__ == "__main__":
    main()
