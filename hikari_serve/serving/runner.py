"""What every runner is: a BentoML service around the host of one task's models."""

import asyncio
from typing import Any

import bentoml
from bentoml._internal.configuration.containers import BentoMLContainer
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from hikari_serve.errors import HikariError
from hikari_serve.serving.supervision import exit_when_dead
from hikari_serve.serving.traffic import TRAFFIC
from hikari_serve.settings import Settings
from hikari_serve.tasks.host import Host

API_SERVICE = "Hikari"
"""Name of the service in `service.py`, which does not compute."""

RUNNER: dict[str, Any] = {
    "traffic": TRAFFIC,
    "logging": {"access": {"enabled": False}},  # the API logs each request once
}
"""BentoML's configuration of every runner."""


class Runner:
    """Base of the BentoML services in `runners/`: loads in the background, drains at the end."""

    task: str
    app: Starlette

    def __init__(self) -> None:
        settings = Settings.from_environment()
        self.host = Host.for_cascade(self.task, settings, stages=_runners_here())
        self.app.state.stage = self.host
        self._tasks: list[asyncio.Task[None]] = []

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def load(self) -> None:
        """Starts loading; until it is done the runner answers `unavailable`."""
        self._tasks = [
            asyncio.create_task(self.host.load()),
            asyncio.create_task(exit_when_dead(self.host)),
        ]

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def close(self) -> None:
        """Ends what still waits; what runs stops at its next step."""
        for task in self._tasks:
            task.cancel()
        await self.host.close()

    async def __is_ready__(self) -> bool:
        try:
            await self.host.ready()
        except HikariError as error:
            raise HTTPException(503, error.message) from None
        return True


def _runners_here() -> int:
    """How many runners BentoML started on this machine, this one included.

    Its map of addresses names every service of one `bentoml serve`, the API if there is one.
    """
    return sum(name != API_SERVICE for name in BentoMLContainer.remote_runner_mapping.get())
