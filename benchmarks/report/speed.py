"""How many cascades a second, what each step gains, and what large photographs cost."""

from benchmarks.passes import Speed
from benchmarks.results import Key, Results, Who
from benchmarks.tables import ms, table

SPEED_HEAD = ("in flight", "per second", "each pass", "p50 ms", "p99 ms", "requests")


def speed_cells(speed: Speed) -> tuple[str, ...]:
    """The cells under `SPEED_HEAD`."""
    return (
        str(speed.clients),
        f"{speed.rate:.2f}",
        " ".join(f"{rate:.2f}" for rate in speed.rates),
        ms(speed.p50),
        ms(speed.p99),
        str(speed.requests),
    )


def speeds(results: Results) -> str:
    """The loop, the cascade in one process, and the server."""
    loop: Key = (Who.LOOP, 1)
    keys: list[Key] = [loop, (Who.INLINE, 1), (Who.INLINE, results.plan.batched)]
    keys += [(Who.SERVED, clients) for clients in results.plan.clients]
    rows = [
        (key[0].value, *speed_cells(results.speeds[key]), f"{results.gain(key, loop):.2f} x")
        for key in keys
    ]
    agreement = results.agreement[Who.LOOP]
    return f"""## Cascades per second

A cascade is the whole way: group, three reference cases, disease, and a caption. The card's loop
is the authors' own usage: `generate` for each stage, picture after picture, with \
{results.loop_threads} of {results.machine.cores} threads,
which was the faster of one and all.

{table(("", *SPEED_HEAD, "of the loop"), rows)}

On {agreement.pictures} pictures that both answered, the loop and the server agree on the group of
{agreement.group:.1%}, the disease of {agreement.disease:.1%} and every word of the caption of \
{agreement.caption:.1%}."""


def gains(results: Results) -> str:
    """The same numbers as steps from the loop to the server."""
    many = results.plan.batched
    loop: Key = (Who.LOOP, 1)
    inline: Key = (Who.INLINE, 1)
    batched: Key = (Who.INLINE, many)
    served: Key = (Who.SERVED, many)
    steps = (
        ("the cascade in one process: scored, and what else differs", inline, loop),
        (f"batched: {many} requests in flight", batched, inline),
        ("served: a process a stage, over HTTP", served, batched),
        ("all three", served, loop),
    )
    rows = [(what, f"{results.gain(of, over):.2f} x") for what, of, over in steps]
    return f"""## What each step gains

The first step is not scoring alone. In the loop `generate` writes the labels and the caption, one
stage after the other; in one process labels are read from one prefill, the server's own loop writes
the caption, and group and references run side by side. "Where the time goes" shows each stage.

{table(("step", "cascades per second"), rows)}"""


def photographs(results: Results) -> str:
    """Files of 12 megapixels against drawings."""
    both = (1, results.plan.batched)
    keys: list[Key] = [(who, clients) for clients in both for who in (Who.SERVED, Who.PHOTOGRAPHS)]
    words = {Who.SERVED: "drawing, 256 x 256 PNG", Who.PHOTOGRAPHS: "photograph, 12 megapixel JPEG"}
    rows = [(words[who], *speed_cells(results.speeds[who, clients])) for who, clients in keys]
    small, large = results.shares[Who.SERVED], results.shares[Who.PHOTOGRAPHS]
    return f"""## Photographs

A photograph is a drawing enlarged to 12 megapixels, unevenly lit and grainy, \
{results.photograph_bytes / 1e6:.1f} MB as JPEG. The
models see the same number of tokens; what differs is the upload, the decoding and the scaling.

{table(("", *SPEED_HEAD), rows)}

The server's own share of a lone request is {ms(large.own)} ms in place of {ms(small.own)} ms, of \
which {ms(large.intake)} ms
in place of {ms(small.intake)} ms lie outside the stages."""
