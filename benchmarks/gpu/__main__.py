"""Measures the 8B shapes on the first GPU: `python -m benchmarks.gpu`; README.md says how."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.gpu import PAGE, RESULTS
from benchmarks.gpu.journal import Journal, key_of

if TYPE_CHECKING:
    from benchmarks.gpu.child import Task

CHECKPOINT = "hikari-likely"
"""The folder of the weights; not that of earlier ones, to which no label was likely."""

VOCABULARY = "dashscope"

NEEDED = {
    "torch": "torch",
    "transformers": "transformers",
    "safetensors": "safetensors",
    "numpy": "numpy",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "rich": "rich",
    "jinja2": "jinja2",
    "pydantic": "pydantic",
    VOCABULARY: "dashscope (Qwen's vocabulary; install it with --no-deps)",
}
"""Modules that this needs, and the packages that they come in."""

NEEDED_GB = 24
"""Free memory of the GPU that 8.8 billion weights in bfloat16 and four long prompts need, in 10^9
bytes."""

ROOM_GB = 18
"""The same of the place for the checkpoint."""

GRACE = 15.0
"""Seconds that a row may go on after the time is over, before its process is ended."""

LATE = "the time is over"

MEMORY = Path("/dev/shm")


def main() -> None:
    """Reads the command line and runs."""
    asked = _arguments()
    missing = [
        package
        for module, package in NEEDED.items()
        if find_spec(module) is None and not (module == VOCABULARY and asked.tiny)
    ]
    if missing:
        sys.exit(f"missing here: {', '.join(missing)}; benchmarks/gpu/README.md says what to carry")
    if asked.page is not None:
        _write_page(asked.out, asked.page)
        return
    if asked.out.exists() and not asked.resume:
        sys.exit(f"{asked.out} exists: go on with --resume, or name another file with --out")
    if not asked.tiny:
        _check_gpu()
    _measure(asked)


def _arguments() -> argparse.Namespace:
    from benchmarks.gpu.plan import BATCHES, PACKAGES, QUANTIZATIONS

    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    add = parser.add_argument
    add("--out", type=Path, default=RESULTS, help=f"the file of results; {RESULTS}")
    add("--minutes", type=float, help="end in time: begin nothing that would take longer")
    add("--resume", action="store_true", help="go on where a run ended")
    add("--page", type=Path, nargs="?", const=PAGE, help=f"only make the page; {PAGE}")
    add("--engines", nargs="+", choices=PACKAGES, default=list(PACKAGES))
    add("--quantizations", nargs="+", choices=QUANTIZATIONS, default=list(QUANTIZATIONS))
    add("--batches", nargs="+", type=int, default=list(BATCHES))
    add("--repeats", type=int, default=5, help="times that count, at most; 5")
    add("--checkpoint", type=Path, help="where the weights are written, and left; memory, if any")
    add("--models", type=Path, default=Path("models"), help="the model repository")
    add("--tiny", action="store_true", help="try it with tiny shapes, on the CPU")
    return parser.parse_args()


def _measure(asked: argparse.Namespace) -> None:
    """Measures part by part, each in a process of its own that may fail without the others."""
    from benchmarks.gpu.child import Task
    from benchmarks.gpu.machine import machine_entry, peak_of
    from benchmarks.gpu.plan import parts
    from benchmarks.gpu.subject import eight_billion, tiny

    deadline = time.time() + 60 * asked.minutes if asked.minutes else float("inf")
    journal = Journal(asked.out)
    journal.mend()
    with TemporaryDirectory() as scratch:
        place = asked.checkpoint or (Path(scratch) if asked.tiny else _room()) / CHECKPOINT
        subject = (tiny if asked.tiny else eight_billion)(place, asked.models)
        peak = peak_of(subject)
        journal.append(machine_entry(subject, peak))
        wanted = parts(asked.engines, asked.quantizations, asked.batches, journal.measured())
        for part in wanted:
            if time.time() >= deadline:
                break
            print(f"{part.engine}, {part.quantization}: {len(part.rows)} rows", file=sys.stderr)
            task = Task(
                subject=subject,
                models=str(asked.models),
                engine=part.engine,
                quantization=part.quantization,
                rows=part.rows,
                repeats=asked.repeats,
                deadline=min(deadline, 4e9),
                out=str(asked.out),
                peak=peak,
            )
            reason = _run([sys.executable, "-m", "benchmarks.gpu.child", task.encoded()], deadline)
            if reason:
                print(f"{part.engine}, {part.quantization}: {reason}", file=sys.stderr)
                _note_lost(journal, task, reason)
    print(f"{len(journal.measured())} rows in {asked.out}", file=sys.stderr)


def _note_lost(journal: Journal, task: "Task", reason: str) -> None:
    """Writes down the rows that a process which ended by itself has left unsaid."""
    said = {key_of(entry) for entry in journal.entries() if entry["kind"] != "machine"}
    for row, batch in task.rows:
        if (task.engine, task.quantization, row, batch) not in said and reason != LATE:
            journal.append(task.failed(row, batch, reason))


def _run(command: Sequence[str], deadline: float) -> str:
    """Runs a process and all that it starts, at most until the time is over; says what failed."""
    process = subprocess.Popen(command, start_new_session=True)
    left = max(0.0, deadline + GRACE - time.time())
    try:
        code = process.wait(None if left == float("inf") else left)
    except subprocess.TimeoutExpired:
        return LATE
    finally:
        if process.poll() is None or _has_group(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return f"its process ended with code {code}" if code else ""


def _has_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _room() -> Path:
    """Where 18 GB fit: in memory if they do, else in the folder for temporary files."""
    for place in (MEMORY, Path(os.environ.get("TMPDIR", "/tmp"))):
        if place.is_dir() and _fits(place):
            return place
    sys.exit(f"{ROOM_GB} GB fit neither into {MEMORY} nor into /tmp: name a place by --checkpoint")


def _fits(place: Path) -> bool:
    written = (place / CHECKPOINT).is_dir()
    return written or shutil.disk_usage(place).free > ROOM_GB * 1e9


def _check_gpu() -> None:
    """Ends with a sentence if there is no GPU, or too small a one."""
    import torch

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


def _write_page(results: Path, page: Path) -> None:
    from benchmarks.gpu.report import page_of

    entries = list(Journal(results).entries())
    if not any(entry["kind"] == "row" for entry in entries):
        sys.exit(f"{results} has no results: measure some first")
    page.write_text(page_of(entries), encoding="utf-8")
    print(f"wrote {page}", file=sys.stderr)


if __name__ == "__main__":
    main()
