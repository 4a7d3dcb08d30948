"""Where the stages of a cascade run: in runners beside us, on other machines, or right here."""

import asyncio
from collections.abc import Iterable, Mapping

from bentoml._internal.configuration.containers import BentoMLContainer

from hikari_serve.errors import ConfigError, Unavailable
from hikari_serve.serving.remote import RemoteStage
from hikari_serve.serving.supervision import exit_when_dead
from hikari_serve.settings import Settings
from hikari_serve.stage import Stage
from hikari_serve.tasks.host import Host


class PlacedStages:
    """The stages of the served cascade, and their life."""

    def __init__(
        self, settings: Settings, tasks: Iterable[str], services: Mapping[str, str]
    ) -> None:
        """Args:
        settings: Says for each task where it runs.
        tasks: The tasks that the cascade needs.
        services: Name of the BentoML service of each task that runs as a process beside us.

        Raises:
            ConfigError: A stage should run beside us, but BentoML started none.
        """
        self.stages: dict[str, Stage] = {}
        self._hosts: list[Host] = []
        self._remotes: list[RemoteStage] = []
        self._tasks: list[asyncio.Task[None]] = []
        here = sum(place in ("process", "inline") for place in settings.placement.values())
        for task in tasks:
            place = settings.placement[task]
            if place == "inline":
                host = Host.for_cascade(task, settings, stages=here)
                self._hosts.append(host)
                self.stages[task] = host
                continue
            address = _beside_us(task, services) if place == "process" else place
            remote = RemoteStage(task, address)
            self._remotes.append(remote)
            self.stages[task] = remote

    def start(self) -> None:
        """Begins to load what runs in this process, which ends when an engine of it dies."""
        self._tasks = [
            asyncio.create_task(self.load()),
            *(asyncio.create_task(exit_when_dead(host)) for host in self._hosts),
        ]

    async def load(self) -> None:
        """Loads what runs in this process."""
        for host in self._hosts:
            await host.load()

    async def not_ready(self) -> dict[str, str]:
        """The tasks that cannot answer now, and why; takes less than a second."""
        answers = await asyncio.gather(*(_why_not(stage) for stage in self.stages.values()))
        return {task: why for task, why in zip(self.stages, answers, strict=True) if why}

    async def close(self) -> None:
        """Ends the stages of this process and the connections to the others."""
        for task in self._tasks:
            task.cancel()
        for host in self._hosts:
            await host.close()
        for remote in self._remotes:
            await remote.close()


def _beside_us(task: str, services: Mapping[str, str]) -> str:
    """The address of a service that BentoML started with this one."""
    addresses: Mapping[str, str] = BentoMLContainer.remote_runner_mapping.get()
    if services.get(task) not in addresses:
        raise ConfigError(
            f"no {task} runner was started beside this service: start it with `bentoml serve`, "
            "or set HIKARI_PLACEMENT=inline"
        )
    return addresses[services[task]]


async def _why_not(stage: Stage) -> str:
    try:
        await stage.ready()
    except Unavailable as error:
        return error.message
    return ""
