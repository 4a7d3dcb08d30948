"""The server beside LitServe and FastAPI: what is gained, what is lost, and what differs."""

from collections.abc import Iterator
from statistics import median

from benchmarks.report.speed import SPEED_HEAD, speed_cells
from benchmarks.results import RIVALS, SERVERS, Results, Who
from benchmarks.rivals.settings import BATCH_TIMEOUT_SECONDS, MAX_BATCH
from benchmarks.tables import Row, table

EVEN = 0.03
"""Ratios nearer to one than this are called even: passes differ by as much."""


def rivals(results: Results) -> str:
    """Cascades a second and latencies, ratios to the server, and what the answers hold."""
    both = (1, results.plan.batched)
    rows = [
        (
            who.value,
            *speed_cells(results.speeds[who, clients]),
            f"{results.gain((who, clients), (Who.SERVED, clients)):.2f} x",
        )
        for clients in both
        for who in SERVERS
    ]
    verdicts = _verdicts(results)
    agree = "\n".join(
        f"- {rival.value[0].upper()}{rival.value[1:]} agrees with the server, on {each.pictures} "
        f"pictures: group {each.group:.1%},\n  disease {each.disease:.1%}, every word of the "
        f"caption {each.caption:.1%}."
        for rival, each in ((rival, results.agreement[rival]) for rival in RIVALS)
    )
    return f"""## Beside LitServe and FastAPI

The same weights, prompts and drawings behind two other servers, each written as its documentation
shows: [LitServe](../benchmarks/rivals/behind_litserve.py), with batches of at most {MAX_BATCH} \
that wait
{BATCH_TIMEOUT_SECONDS * 1000:.0f} ms to fill, and plain \
[FastAPI](../benchmarks/rivals/behind_fastapi.py), which does not batch and answers one \
request after the other.

{table(("", *SPEED_HEAD, "of the server"), rows)}

{table(("the server against", "in flight", "cascades per second", "p50", "p99"), verdicts)}

{agree}

They do not do the same work. Behind both, the card's own code generates every stage and reads the
labels out of the words: a label costs one step of the model for each of its tokens, and that is all
the answer holds. The server scores a label set from one prefill and answers with every label's
probability, the belief outside the set, what the picture is fit for, the checks between the stages
and the provenance; only captions are generated."""


def _verdicts(results: Results) -> Iterator[Row]:
    """Where the server is ahead, where it is behind."""
    for rival in RIVALS:
        for clients in (1, results.plan.batched):
            ours, theirs = (results.speeds[who, clients] for who in (Who.SERVED, rival))
            yield (
                f"{rival.value}",
                str(clients),
                _verdict(ours.rate / theirs.rate),
                _verdict(theirs.p50 / ours.p50),
                _verdict(theirs.p99 / ours.p99),
            )


def _verdict(better: float) -> str:
    """Says who wins.

    Args:
        better: How many times as good the server is.
    """
    if abs(better - 1) < EVEN:
        return f"even ({better:.2f} x)"
    return f"ahead {better:.2f} x" if better > 1 else f"**behind** {better:.2f} x"


def starts(results: Results) -> str:
    """What it takes to begin, and to stay: the price of a process for each stage."""
    rows = [
        (
            who.value,
            f"{median(results.starts[who]):.1f}",
            " ".join(f"{seconds:.1f}" for seconds in results.starts[who]),
            f"{results.resident[who] / 1e9:.2f}",
        )
        for who in SERVERS
    ]
    return f"""## Start and memory

From the command to the first 200 of `/readyz` (of `/health`, for the rivals), and what all
processes together take after load. Pages of a file that several of them share count once where the
system tells (Linux).

{table(("", "ready after s", "each start", "GB"), rows)}

The server starts a process for each stage and one for the API, and each of them loads PyTorch; the
rivals hold all four models in one."""
