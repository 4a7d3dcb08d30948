"""Measures each stage on the first GPU: `python -m benchmarks.gpu`."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.gpu import PAGE
from benchmarks.gpu.report import page
from benchmarks.gpu.study import study
from benchmarks.gpu.subject import Subject, eight_billion, tiny
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings

NEEDED_GB = 24
"""Free memory that 8.8 billion weights in bfloat16 and four long prompts need, in 10^9 bytes."""


def main() -> None:
    """Reads the command line and runs."""
    parser = argparse.ArgumentParser(description="Measure each stage on an accelerator.")
    parser.add_argument("--out", type=Path, help=f"the page to write; {PAGE}, if not --tiny")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--tiny", action="store_true", help="try it with tiny shapes, on the CPU")
    asked = parser.parse_args()
    models = Settings.from_environment().models
    with TemporaryDirectory() as folder:
        subject = tiny(torch.device("cpu"), models) if asked.tiny else _whole(Path(folder))
        found = study(subject, Repository(models), asked.repeats)
    out = asked.out or (None if asked.tiny else PAGE)
    if out is None:
        print(page(found))
    else:
        out.write_text(page(found), encoding="utf-8")
        print(f"wrote {out}", file=sys.stderr)


def _whole(folder: Path) -> Subject:
    """The 8B shapes on the first GPU, if there is one and they fit."""
    if not torch.cuda.is_available():
        sys.exit(
            "this machine has no GPU that torch can use: run this on one that has, or with --tiny "
            "to try it on the CPU"
        )
    free = torch.cuda.mem_get_info(0)[0] / 1e9
    if free < NEEDED_GB:
        sys.exit(
            f"the GPU has {free:.0f} GB free, and this needs {NEEDED_GB}: free some, or take a "
            "larger card"
        )
    return eight_billion(torch.device("cuda", 0), folder)


if __name__ == "__main__":
    main()
