"""What bounds a server: the processor time of a request, and how full its batches are."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from time import perf_counter
from typing import TypeVar

import httpx
import psutil

from benchmarks.time_breakdown import IN_TURN, SIDE_BY_SIDE
from hikari_serve.cli.top.page import Between, Page
from tests.served.server import Server

STAGES = (*SIDE_BY_SIDE, *IN_TURN)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of requests at a server.

    Attributes:
        whole: Processor time of a request in all processes of the server, in milliseconds.
        clients: The same in the clients' process.
        busy: Share of the machine's cores that both took.
        stages: Of `whole`, what each stage's process took; nothing where they are not apart.
        batches: Items that a batch had on average, by stage; nothing where nobody counts.
    """

    whole: float
    clients: float
    busy: float
    stages: Mapping[str, float]
    batches: Mapping[str, float]

    @classmethod
    def mean(cls, passes: Sequence["Bounds"]) -> "Bounds":
        """Of passes with as many requests each; parts still add up to the whole."""
        return cls(
            whole=fmean(each.whole for each in passes),
            clients=fmean(each.clients for each in passes),
            busy=fmean(each.busy for each in passes),
            stages=_means([each.stages for each in passes]),
            batches=_means([each.batches for each in passes]),
        )


def bounds_of(server: Server, requests: int, ask: Callable[[], T]) -> tuple[T, Bounds]:
    """Watches a server's processes while it is asked.

    Args:
        server: The server.
        requests: How many requests are asked.
        ask: Asks them.

    Returns:
        What `ask` returned, and what that took.
    """
    workers = {stage: worker for stage in STAGES if (worker := _worker(server, stage)) is not None}
    page = _page(server, workers)
    before, began = _Look.at(server, workers), perf_counter()
    answered = ask()
    seconds, after = perf_counter() - began, _Look.at(server, workers)
    between = Between(page, _page(server, workers))
    batches = {each: between.mean("hikari_batch_size", stage=each) for each in workers}
    whole, clients = after.whole - before.whole, after.clients - before.clients
    each = 1000 / requests
    return answered, Bounds(
        whole=whole * each,
        clients=clients * each,
        busy=(whole + clients) / seconds / (os.cpu_count() or 1),
        stages={stage: (after.stages[stage] - before.stages[stage]) * each for stage in workers},
        batches={stage: mean for stage, mean in batches.items() if mean is not None},
    )


def _means(passes: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {stage: fmean(each[stage] for each in passes) for stage in passes[0]}


@dataclass(frozen=True, slots=True)
class _Look:
    """Seconds of processor time so far."""

    whole: float
    clients: float
    stages: Mapping[str, float]

    @classmethod
    def at(cls, server: Server, workers: Mapping[str, int]) -> "_Look":
        root = psutil.Process(server.process.pid)
        family = (root, *root.children(recursive=True))
        return cls(
            whole=sum(_seconds(each) for each in family),
            clients=_seconds(psutil.Process()),
            stages={stage: _seconds(psutil.Process(pid)) for stage, pid in workers.items()},
        )


def _page(server: Server, workers: Mapping[str, int]) -> Page:
    texts = [httpx.get(f"{server.url}/metrics").text] if workers else []
    return Page.of(perf_counter(), texts)


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _worker(server: Server, stage: str) -> int | None:
    with suppress(LookupError):
        return server.worker(f"{stage.title()}Runner")
    return None
