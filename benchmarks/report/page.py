"""The page: where and when, the goals, and then the sections."""

from benchmarks.gpu import PAGE
from benchmarks.plan import QUICK
from benchmarks.protocol import PAGE as PROTOCOL_PAGE
from benchmarks.report.batching import batching
from benchmarks.report.bounds import bounds
from benchmarks.report.rivals import rivals, starts
from benchmarks.report.speed import gains, photographs, speeds
from benchmarks.report.time_breakdown import time_breakdown
from benchmarks.results import Results, goals
from benchmarks.tables import table


def page(results: Results) -> str:
    """The whole page, in Markdown."""
    sections = (
        _head(results),
        _goals(results),
        speeds(results),
        gains(results),
        rivals(results),
        time_breakdown(results),
        bounds(results),
        photographs(results),
        batching(results),
        starts(results),
        _method(results),
        _protocol(),
        _gpu(),
    )
    return "\n\n".join(sections) + "\n"


def _head(results: Results) -> str:
    machine = results.machine
    quick = "\n\n**From a quick run, with too few requests to quote.**"
    return f"""# Performance

`make bench` measures all of this anew and writes this page; `python -m benchmarks --quick --out
quick.md` tries it with few requests.{quick if results.plan == QUICK else ""}

- machine: {machine.processor}, {machine.cores} cores, {machine.memory_gb:.0f} GB, \
{machine.system}, no GPU used; load average before the run {machine.load:.1f}
- run: {machine.day}, {results.seconds / 60:.0f} minutes
- versions: {machine.versions}

The models are the demo family, two million parameters each. They show what serving costs and what
it gains, not how fast the 8B models are."""


def _goals(results: Results) -> str:
    rows = [
        (goal.what, goal.wanted, goal.found, "met" if goal.met else "**not met**")
        for goal in goals(results)
    ]
    return "## Goals\n\n" + table(("goal", "wanted", "found", ""), rows)


def _method(results: Results) -> str:
    plan = results.plan
    return f"""## How it is measured

- One run, the same cores, weights and questions for all. {plan.repeats} passes of each kind, taken
  in turns; rates are medians of passes, latencies are of all requests that counted.
- Each client sends its next request when it has the answer to its last. What counts is the time in
  which every client is busy: not the first answer for each client, and not the last. Of fewer than
  100 requests, p99 is the slowest but for a little.
- Every request has a drawing of its own, made before the clock starts, so nothing is computed once
  for two.
- The clients are one process beside the server, and take their share of the same cores.
- The loop and both rivals decode greedily, as the card does, and are spared what the card's
  snippet leaves out: pictures of reference cases are decoded before they are asked for again, as
  in the server.
- Both rivals run as servers of their own, with as many threads as were fastest for the loop, and
  get the drawings that the server gets.
  They are stopped (SIGSTOP) while they are not asked: LitServe's worker looks into its queue a
  thousand times a second, a fifth of a core while nobody asks.
- `queue` includes what makes a prompt of a picture: it happens while the engine computes."""


def _protocol() -> str:
    found = (
        f"Its last results are in [{PROTOCOL_PAGE.name}]({PROTOCOL_PAGE.name})."
        if PROTOCOL_PAGE.is_file()
        else "It has not been run."
    )
    return f"""## The Open Inference Protocol

`make bench-protocol` measures it beside `/diagnose`: the same drawings by every door, with one
client and up to 16, and NVIDIA's perf_analyzer over HTTP and gRPC. {found}"""


def _gpu() -> str:
    found = (
        f"Its last results are in [{PAGE.name}]({PAGE.name})."
        if PAGE.is_file()
        else "It is ready and has not been run: there was no GPU, so nothing here says how fast\n"
        "the 8B models are."
    )
    return f"""## On a GPU

`python -m benchmarks.gpu` measures each stage and whole cascades in the shapes of the 8B models,
with random weights: the card's snippet and each installed engine, quantised and not, at 1 to 64
items at once, with the floor that the device's arithmetic and bandwidth set. `--tiny` tries it on a
CPU with tiny shapes; [how](../benchmarks/gpu/README.md).

{found}"""
