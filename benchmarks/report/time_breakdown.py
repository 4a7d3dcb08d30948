"""Where the time of a lone request goes."""

from benchmarks.results import Results, Who
from benchmarks.tables import ms, table
from benchmarks.time_breakdown import IN_TURN, SIDE_BY_SIDE


def time_breakdown(results: Results) -> str:
    """The loop, the cascade in one process and the server, stage by stage."""
    loop, inline, served = (results.shares[who] for who in (Who.LOOP, Who.INLINE, Who.SERVED))
    rows = [
        (
            name,
            ms(loop.stages[name].total),
            ms(inline.stages[name].queue),
            ms(inline.stages[name].compute),
            ms(served.stages[name].queue),
            ms(served.stages[name].compute),
            ms(served.stages[name].hop),
        )
        for name in (*SIDE_BY_SIDE, *IN_TURN)
    ]
    rows += [
        ("outside the stages", ms(loop.intake), "", ms(inline.intake), "", "", ms(served.intake)),
        ("the whole request", ms(loop.latency), "", ms(inline.latency), "", "", ms(served.latency)),
    ]
    head = ("stage", "loop", "one process: queue", "compute", "server: queue", "compute", "hop")
    return f"""## Where the time goes

One request at a time, medians in milliseconds. Group and references run side by side in the server
and in one process; in both, each stage computes on its share of the cores.

{table(head, rows)}

The server's own share, which no stage on the critical path spent in its queue or engine, is
{ms(served.own)} ms: the hops, and {ms(served.intake)} ms outside the stages (HTTP, decoding and \
scaling the picture, the
answer, and the client's own part). In one process it is {ms(inline.own)} ms."""
