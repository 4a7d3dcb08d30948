"""Attacks a served demo, and writes what was tried and what came of it into a page.

`make attack` runs it; it fails where an attack succeeds.
"""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.attack import processes, requests, stages
from tests.attack.trial import Tried
from tests.served.server import serving

BEGIN, END = "<!-- attack: begin -->", "<!-- attack: end -->"


def main() -> None:
    """Runs all trials, and puts their table between the marks of the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="the page, such as docs/security.md")
    out = parser.parse_args().out
    tried: list[Tried] = []
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with serving(home / "stage", "runners.group:GroupRunner", HIKARI_STAGE_TOKEN="t" * 20) as s:
            tried += stages.trials(s)
        with serving(home / "api") as server:
            tried += requests.trials(server)
            tried += processes.trials(server)
    rows = "\n".join(f"| {each.what} | {each.answer} |" for each in tried)
    table = f"| tried | what came of it |\n|---|---|\n{rows}"
    print(table)
    if out is not None:
        before, _, rest = out.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        out.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")
    if failed := [each.what for each in tried if not each.held]:
        sys.exit("these succeeded: " + "; ".join(failed))


main()
