"""Asks the references in turns, so that what else the machine does meets all of them alike."""

from collections import defaultdict
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from benchmarks.cascade_result import CascadeResult
from benchmarks.passes import Pass
from benchmarks.pictures import Pictures
from benchmarks.plan import BATCHED, CLIENTS, Plan
from benchmarks.results import Key, Who
from benchmarks.served import measure
from benchmarks.worker_process import WorkerProcess
from hikari_serve.settings import Settings


class Turns:
    """The loop and the cascade in processes of their own, and a server.

    Attributes:
        passes: What was measured so far.
        loop_threads: Threads that the loop computes with.
    """

    def __init__(self, url: str, settings: Settings, plan: Plan, pictures: Pictures) -> None:
        """Loads and warms up what does not run yet.

        Args:
            url: The server, which is warm.
            settings: Which models and which cascade.
            plan: How much to measure.
            pictures: What to send.
        """
        self.passes: dict[Key, list[Pass[CascadeResult]]] = defaultdict(list)
        self._url, self._plan, self._pictures = url, plan, pictures
        with ExitStack() as stack:
            self._loop = stack.enter_context(
                WorkerProcess("benchmarks.card_loop:CardLoop", settings.models, settings.cascade)
            )
            self._inline = stack.enter_context(
                WorkerProcess("benchmarks.inline:InlineCascade", settings)
            )
            self.loop_threads: int = self._loop.call("choose_threads", pictures.drawings(3))
            self._inline.call("measure", pictures.drawings(3 * BATCHED), BATCHED)
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
        """One pass of each kind."""
        plan, pictures = self._plan, self._pictures
        same = pictures.drawings(plan.requests(1))
        self._note(Who.LOOP, self._loop.call("measure", same[: plan.looped + 2]))
        self._note(Who.INLINE, self._inline.call("measure", same, 1))
        crowd = pictures.drawings(plan.requests(BATCHED))
        self._note(Who.INLINE, self._inline.call("measure", crowd, BATCHED))
        self._note(Who.SERVED, measure(self._url, same, 1))
        for clients in CLIENTS[1:]:
            crowd = pictures.drawings(plan.requests(clients))
            self._note(Who.SERVED, measure(self._url, crowd, clients))
        for clients in (1, BATCHED):
            crowd = pictures.photographs(plan.photographed(clients))
            self._note(Who.PHOTOGRAPHS, measure(self._url, crowd, clients))

    def _note(self, who: Who, one: Pass[CascadeResult]) -> None:
        self.passes[who, one.clients].append(one)
