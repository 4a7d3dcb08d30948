"""BentoML's adaptive batching beside this server's queue."""

from benchmarks.batching.manners import BESIDE, LEAVERS, ROUNDS
from benchmarks.report.speed import SPEED_HEAD, speed_cells
from benchmarks.results import Results
from benchmarks.tables import table


def batching(results: Results) -> str:
    """How fast both are, and what they do with those who leave or fail."""
    clients = range(len(results.batchers[0].speeds))
    fast = [
        (batcher.name, *speed_cells(batcher.speeds[row]))
        for row in clients
        for batcher in results.batchers
    ]
    manners = [
        (
            batcher.name,
            f"{batcher.for_nobody} of {LEAVERS}",
            f"{batcher.beside_broken} of {ROUNDS * BESIDE}",
        )
        for batcher in results.batchers
    ]
    head = ("", "computed though the caller left", "answered beside a broken item")
    return f"""## This server's queue and BentoML's adaptive batching

Both in front of the same engine (the disease, scored, without references), each in a service of its
own with every core, batches of at most 8. BentoML's is written as its documentation writes one.

{table(("", *SPEED_HEAD), fast)}

{table(head, manners)}"""
