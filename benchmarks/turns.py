"""Asks all in turns, so that what else the machine does meets all of them alike."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Self

from benchmarks.bounds import Bounds, bounds_of
from benchmarks.cascade_result import CascadeResult
from benchmarks.passes import Pass
from benchmarks.pictures import Pictures
from benchmarks.plan import Plan
from benchmarks.results import Key, Who
from benchmarks.rivals.answer import read
from benchmarks.rivals.process import Asleep
from benchmarks.served import measure
from benchmarks.worker_process import WorkerProcess
from hikari_serve.settings import Settings
from tests.served.server import Server


class Turns:
    """The loop, the cascade in a process of its own, a server, and its rivals.

    Attributes:
        passes: What was measured so far.
        bounds: What the passes over drawings took of the processor, server by server.
    """

    def __init__(
        self,
        server: Server,
        rivals: Mapping[Who, Asleep],
        loop: WorkerProcess,
        settings: Settings,
        plan: Plan,
        pictures: Pictures,
    ) -> None:
        """Loads and warms up what does not run yet.

        Args:
            server: The server, which is warm.
            rivals: Its rivals, which are warm too.
            loop: The card's loop, warm as well.
            settings: Which models and which cascade.
            plan: How much to measure.
            pictures: What to send.
        """
        self.passes: dict[Key, list[Pass[CascadeResult]]] = defaultdict(list)
        self.bounds: dict[Key, list[Bounds]] = defaultdict(list)
        self._server, self._rivals, self._plan, self._pictures = server, rivals, plan, pictures
        self._loop = loop
        with ExitStack() as stack:
            self._inline = stack.enter_context(
                WorkerProcess("benchmarks.inline:InlineCascade", settings)
            )
            batched = plan.batched
            self._inline.call("measure", pictures.drawings(3 * batched), batched)
            self._end = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end.close()

    def take(self) -> None:
        """One pass of each kind; all get the same drawings."""
        plan = self._plan
        crowds = {
            clients: self._pictures.drawings(plan.requests(clients)) for clients in plan.clients
        }
        self._note(Who.LOOP, self._loop.call("measure", crowds[1][: plan.looped + 2]))
        for clients in (1, plan.batched):
            self._note(Who.INLINE, self._inline.call("measure", crowds[clients], clients))
        for clients, crowd in crowds.items():
            self._watch(Who.SERVED, self._server, crowd, clients)
        for who, rival in self._rivals.items():
            with rival.awake() as server:
                for clients in (1, plan.batched):
                    self._watch(who, server, crowds[clients], clients, read)
        for clients in (1, plan.batched):
            crowd = self._pictures.photographs(plan.photographed(clients))
            self._note(Who.PHOTOGRAPHS, measure(self._server.url, crowd, clients))

    def _watch(
        self,
        who: Who,
        server: Server,
        crowd: Sequence[bytes],
        clients: int,
        way: Callable[[bytes], CascadeResult] = CascadeResult.read,
    ) -> None:
        ask = partial(measure, server.url, crowd, clients, way)
        one, bounds = bounds_of(server, len(crowd), ask)
        self._note(who, one)
        self.bounds[who, clients].append(bounds)

    def _note(self, who: Who, one: Pass[CascadeResult]) -> None:
        self.passes[who, one.clients].append(one)
