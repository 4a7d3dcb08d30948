"""Several processes at one address: one that cannot answer leads to another, on a new connection."""

import asyncio

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from hikari_serve.errors import HikariError, QueueFull, Unavailable
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.hop.replica import FRESH_TRIES, Needs
from hikari_serve.stage import StageResult, State
from tests.serving.hop.running import Runner, ask, hosting, not_ready


class Shared(Runner):
    """One whose first connections lead to a process that is full, or loads.

    Attributes:
        asked: The connection of each call, by the port of its other end.
    """

    def __init__(self, processes: int, *, full: int = 0, loading: int = 0) -> None:
        self.asked: list[int] = []
        self._full = full
        self._loading = loading
        self._connections: list[int] = []
        super().__init__(processes=processes)

    def _remember(self, app: ASGIApp) -> ASGIApp:
        async def led(scope: Scope, receive: Receive, send: Send) -> None:
            port = scope["client"][1]
            if port not in self._connections:
                self._connections.append(port)
            if scope["path"] == "/infer":
                self.asked.append(port)
                full = len(set(self.asked)) <= self._full
                self.stage.error = QueueFull("full") if full else None
            loads = self._connections.index(port) < self._loading
            self.stage.hosted = hosting(state=State.LOADING if loads else State.READY)
            await app(scope, receive, send)

        return super()._remember(led)


@pytest.mark.parametrize(
    ("full", "processes", "asked", "kind"),
    [
        (FRESH_TRIES, 2, 1 + FRESH_TRIES, StageResult),
        (99, 2, 1 + FRESH_TRIES, QueueFull),
        (99, 1, 1, QueueFull),
    ],
)
def test_one_that_is_full_is_asked_on_new_connections_where_there_are_others(
    full: int, processes: int, asked: int, kind: type[StageResult | HikariError]
) -> None:
    async def main() -> tuple[StageResult | HikariError, list[int]]:
        async with Shared(processes, full=full) as runner:
            stage = RemoteStage("group", runner.url)
            await stage.ready()
            return await ask(stage), runner.asked

    told, connections = asyncio.run(main())
    assert isinstance(told, kind), told
    assert len(connections) == len(set(connections)) == asked


@pytest.mark.parametrize("processes", [1, 2])
def test_one_that_loads_takes_nothing_out_where_another_answers(processes: int) -> None:
    async def main() -> tuple[Unavailable | None, StageResult | HikariError, int]:
        async with Shared(processes, loading=2) as runner:
            stage = RemoteStage("group", runner.url, needed=lambda: [Needs("m")])
            return await not_ready(stage), await ask(stage, 0.5), len(runner.stage.items)

    why_not, told, answered = asyncio.run(main())
    if processes == 1:
        assert why_not
        assert isinstance(told, Unavailable)
    else:
        assert why_not is None
        assert isinstance(told, StageResult), told
        assert answered == 1  # the one that loads kept no call
