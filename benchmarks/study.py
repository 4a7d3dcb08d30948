"""The one run: every reference on the same cores, weights and pictures."""

from collections.abc import Callable
from time import perf_counter

from benchmarks.batching.comparison import compare
from benchmarks.cascade_result import Agreement
from benchmarks.machine import Machine, resident_bytes
from benchmarks.passes import Speed
from benchmarks.pictures import Pictures
from benchmarks.plan import CLIENTS, Plan
from benchmarks.results import Results, Who
from benchmarks.served import measure, started
from benchmarks.time_breakdown import TimeBreakdown
from benchmarks.turns import Turns
from hikari_serve.settings import Settings


def study(settings: Settings, plan: Plan, say: Callable[[str], None]) -> Results:
    """Measures everything.

    Args:
        settings: Which models and which cascade.
        plan: How much.
        say: Hears what happens.
    """
    machine, began = Machine.here(), perf_counter()
    pictures = Pictures()
    starts = []
    for _ in range(plan.starts - 1):
        with started(settings) as (_, seconds):
            starts.append(seconds)
    with started(settings) as (server, seconds):
        starts.append(seconds)
        say(f"ready after {', '.join(f'{seconds:.1f}' for seconds in starts)} s")
        measure(server.url, pictures.drawings(plan.requests(max(CLIENTS))), max(CLIENTS))
        resident = resident_bytes(server.process.pid)  # while nothing else shares its libraries
        with Turns(server.url, settings, plan, pictures) as turns:
            for turn in range(plan.repeats):
                say(f"pass {turn + 1} of {plan.repeats}")
                turns.take()
    say("this server's queue and BentoML's adaptive batching")
    batchers = compare(settings, plan, pictures)
    return Results(
        machine=machine,
        plan=plan,
        starts=tuple(starts),
        resident=resident,
        photograph_bytes=len(pictures.photographs(1)[0]),
        loop_threads=turns.loop_threads,
        speeds={key: Speed.of(passes) for key, passes in turns.passes.items()},
        shares={who: TimeBreakdown.of(turns.passes[who, 1]) for who in Who},
        agreement=Agreement.between(turns.passes[Who.LOOP, 1], turns.passes[Who.SERVED, 1]),
        batchers=batchers,
        seconds=perf_counter() - began,
    )
