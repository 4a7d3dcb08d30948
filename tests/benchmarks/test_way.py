"""The benchmark of a picture's way runs, and its page has a row for each thing measured."""

import subprocess
import sys
from pathlib import Path

from benchmarks.way import PAGE
from benchmarks.way.hop import SIDES
from benchmarks.way.intake import pictures
from tests.served.server import ROOT


def test_the_page_has_every_row(tmp_path: Path) -> None:
    out = tmp_path / "way.md"
    command = [sys.executable, "-m", "benchmarks.way", "--quick", "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True)
    rows = {line.split(" | ")[0].strip("| ") for line in out.read_text().splitlines()}
    assert {*SIDES, *pictures()} <= rows
    assert "too few pictures to quote" in out.read_text()
    assert "too few pictures to quote" not in PAGE.read_text()
