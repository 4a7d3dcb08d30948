"""The one run: every reference and every rival on the same cores, weights and pictures."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from time import perf_counter

from benchmarks import served
from benchmarks.batching.comparison import compare
from benchmarks.bounds import Bounds
from benchmarks.cascade_result import Agreement, CascadeResult
from benchmarks.machine import Machine, resident_bytes
from benchmarks.passes import Pass, Speed
from benchmarks.pictures import Pictures
from benchmarks.plan import Plan
from benchmarks.results import RIVALS, SERVERS, TIMED, Key, Results, Who
from benchmarks.rivals import process
from benchmarks.rivals.answer import read
from benchmarks.rivals.process import Asleep
from benchmarks.time_breakdown import TimeBreakdown
from benchmarks.turns import Turns
from benchmarks.worker_process import WorkerProcess
from hikari_serve.settings import Settings
from tests.served.server import Server


def study(settings: Settings, plan: Plan, say: Callable[[str], None]) -> Results:
    """Measures everything.

    Args:
        settings: Which models and which cascade.
        plan: How much.
        say: Hears what happens.
    """
    machine, began = Machine.here(), perf_counter()
    pictures = Pictures()
    starts: dict[Who, list[float]] = defaultdict(list)
    resident: dict[Who, int] = {}
    with ExitStack() as stack:
        rivals: dict[Who, Asleep] = {}
        loop = stack.enter_context(
            WorkerProcess("benchmarks.card_loop:CardLoop", settings.models, settings.cascade)
        )
        threads = loop.call("choose_threads", pictures.drawings(3))
        for who in (*RIVALS, Who.SERVED):
            for _ in range(plan.starts - 1):
                with _started(who, settings, threads) as (_, seconds):
                    starts[who].append(seconds)
            server, seconds = stack.enter_context(_started(who, settings, threads))
            starts[who].append(seconds)
            say(f"{who}: ready after {', '.join(f'{each:.1f}' for each in starts[who])} s")
            _warm_up(who, server, plan, pictures)
            resident[who] = resident_bytes(server.process.pid)
            if who in RIVALS:
                rivals[who] = Asleep(server)
                stack.callback(rivals[who].wake)
        with Turns(server, rivals, loop, settings, plan, pictures) as turns:
            for turn in range(plan.repeats):
                say(f"pass {turn + 1} of {plan.repeats}")
                turns.take()
    say("this server's queue and BentoML's adaptive batching")
    batchers = compare(settings, plan, pictures)
    return Results(
        machine=machine,
        plan=plan,
        starts={who: tuple(starts[who]) for who in SERVERS},
        resident=resident,
        photograph_bytes=len(pictures.photographs(1)[0]),
        loop_threads=threads,
        speeds={key: Speed.of(passes) for key, passes in turns.passes.items()},
        shares={who: TimeBreakdown.of(turns.passes[who, 1]) for who in TIMED},
        agreement=_agreement(turns.passes, plan),
        bounds={key: Bounds.mean(passes) for key, passes in turns.bounds.items()},
        batchers=batchers,
        seconds=perf_counter() - began,
    )


def _started(
    who: Who, settings: Settings, threads: int
) -> AbstractContextManager[tuple[Server, float]]:
    return process.started(who, settings, threads) if who in RIVALS else served.started(settings)


def _warm_up(who: Who, server: Server, plan: Plan, pictures: Pictures) -> None:
    if who in RIVALS:
        served.measure(server.url, pictures.drawings(2 * plan.batched), plan.batched, read)
    else:
        most = max(plan.clients)
        served.measure(server.url, pictures.drawings(plan.requests(most)), most)


def _agreement(
    passes: Mapping[Key, Sequence[Pass[CascadeResult]]], plan: Plan
) -> dict[Who, Agreement]:
    """Of each that answered in the card's way, with the server."""
    both = (1, plan.batched)
    ours = [one for clients in both for one in passes[Who.SERVED, clients]]
    found = {Who.LOOP: Agreement.between(passes[Who.LOOP, 1], passes[Who.SERVED, 1])}
    for rival in RIVALS:
        theirs = [one for clients in both for one in passes[rival, clients]]
        found[rival] = Agreement.between(theirs, ours)
    return found
