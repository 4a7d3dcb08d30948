"""Several processes at one address: one that is full leads to another, on a new connection."""

import asyncio

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from hikari_serve.errors import HikariError, QueueFull
from hikari_serve.serving.hop.remote import FRESH_TRIES, RemoteStage
from hikari_serve.stage import StageResult
from tests.serving.hop.running import Runner, ask


class Shared(Runner):
    """One whose first connections lead to a process that is full.

    Attributes:
        asked: The connection of each call, by the port of its other end.
    """

    def __init__(self, full: int, processes: int) -> None:
        self.asked: list[int] = []
        self._full = full
        super().__init__(processes=processes)

    def _remember(self, app: ASGIApp) -> ASGIApp:
        async def led(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/infer":
                self.asked.append(scope["client"][1])
                full = len(set(self.asked)) <= self._full
                self.stage.error = QueueFull("full") if full else None
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
        async with Shared(full, processes) as runner:
            stage = RemoteStage("group", runner.url)
            await stage.ready()
            return await ask(stage), runner.asked

    told, connections = asyncio.run(main())
    assert isinstance(told, kind), told
    assert len(connections) == len(set(connections)) == asked
