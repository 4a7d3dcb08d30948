"""What bounds the server with several clients."""

from benchmarks.bounds import STAGES
from benchmarks.results import RIVALS, Results, Who
from benchmarks.tables import Row, ms, table


def bounds(results: Results) -> str:
    """Processor time of a request with one client and with several, and how full batches are."""
    batched = results.plan.batched
    alone, crowded = (results.bounds[Who.SERVED, clients] for clients in (1, batched))
    rows: list[Row] = [
        (
            f"the stage {stage}",
            ms(alone.stages[stage]),
            ms(crowded.stages[stage]),
            f"{crowded.batches[stage]:.1f}",
        )
        for stage in STAGES
    ]
    api = [ms(each.whole - sum(each.stages.values())) for each in (alone, crowded)]
    rows += [("the API", *api, "")]
    rows += [
        (who.value, *(ms(results.bounds[who, clients].whole) for clients in (1, batched)), "")
        for who in (Who.SERVED, *RIVALS)
    ]
    rows += [("the clients of the server", ms(alone.clients), ms(crowded.clients), "")]
    most = results.speeds[Who.SERVED, batched].rate / crowded.busy
    rest = crowded.whole - crowded.stages["caption"]
    head = ("", "one client: ms", f"{batched} clients: ms", "items of a batch")
    return f"""## What bounds it

Processor time of a request, and how many items a batch had with {batched} clients: means of the
passes that gave the rates above.

{table(head, rows)}

With {batched} clients {crowded.busy:.0%} of {results.machine.cores} cores were busy; all of them \
would give {most:.1f} cascades a second.
Captions take {crowded.stages["caption"] / crowded.whole:.0%} of the server's time: one alone \
{ms(alone.stages["caption"])} ms, and one of
{crowded.batches["caption"]:.1f} that are written together \
{ms(crowded.stages["caption"])} ms. LitServe takes up to 8 pictures through all stages at
once, so that its batches are fuller, and everybody in one waits for the slowest. Twice the rate of
the faster rival would leave {_left(results):.0f} ms a request on these cores; everything but \
captions takes {rest:.0f}."""


def _left(results: Results) -> float:
    """Milliseconds that a request could take for twice the better rival's rate, on all cores."""
    batched = results.plan.batched
    rate = max(results.speeds[rival, batched].rate for rival in RIVALS)
    return 1000 * results.machine.cores / (2 * rate)
