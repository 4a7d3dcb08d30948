"""Where the stages of a cascade run: in runners beside us, on other machines, or right here."""

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from hikari_serve.cascade.loads import LoadedCascade, stages_of
from hikari_serve.errors import ConfigError
from hikari_serve.observability.metrics import Metrics, figures
from hikari_serve.observability.several import Several
from hikari_serve.observer import Observer
from hikari_serve.serving.bento import addresses
from hikari_serve.serving.control.desired import DesiredFile
from hikari_serve.serving.control.keeper import Keeper
from hikari_serve.serving.control.opening import keeper_of
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.hop.replica import Needs
from hikari_serve.serving.runner import service_name
from hikari_serve.serving.supervision import exit_when_failed
from hikari_serve.settings import Settings
from hikari_serve.stage import Stage
from hikari_serve.tasks.host import Host

Served = Callable[[], Mapping[str, LoadedCascade]]
"""The cascades that are served now."""


class PlacedStages:
    """The stages of the served cascades, and their life.

    Attributes:
        stages: What answers for each stage.
    """

    def __init__(
        self,
        settings: Settings,
        cascades: Mapping[str, LoadedCascade],
        served: Served,
        file: DesiredFile | None,
        trust: ssl.SSLContext,
        observers: Sequence[Observer] = (),
    ) -> None:
        """Args:
        settings: Says for each stage where it runs.
        cascades: Those that are served from the start.
        served: Those that are served now, of whose models each runner must have one.
        file: Says which models come and go; None if none does.
        trust: What stages by https are trusted by.
        observers: Who hears of the stages of this process besides its metrics.

        Raises:
            ConfigError: A stage should run beside us, but BentoML started none; or a model's
                versions are wrong.
        """
        self.stages: dict[str, Stage] = {}
        self._hosts: list[Host] = []
        self._keepers: list[Keeper] = []
        self._remotes: list[RemoteStage] = []
        self._tasks: list[asyncio.Task[None]] = []
        stages = stages_of(cascades)
        here = settings.here(stages)
        for stage in stages:
            place = settings.of_stage(stage).runner
            if place == "inline":
                heard = Several(Metrics(figures(), stage), *observers)
                host = Host.for_stage(stage, settings, here, heard)
                self._hosts.append(host)
                self._keepers.append(keeper_of(stage, host, settings, cascades, file))
                self.stages[stage] = host
                continue
            addresses = [_beside_us(stage)] if place == "process" else place.split(",")
            api = Metrics(figures())
            token = settings.stage_token[0] if settings.stage_token else ""
            needed = partial(_needed, stage, served)
            remote = RemoteStage(stage, addresses, token, trust, needed, api)
            self._remotes.append(remote)
            self.stages[stage] = remote

    def start(self) -> None:
        """Begins to load what runs in this process, which ends when that fails."""
        self._tasks = [
            asyncio.create_task(self.load()),
            *(asyncio.create_task(exit_when_failed(host)) for host in self._hosts),
        ]

    async def load(self) -> None:
        """Loads what runs in this process, and what is to come and go in it later."""
        following = asyncio.gather(*(keeper.follow() for keeper in self._keepers))
        for keeper in self._keepers:
            await keeper.start()
        await following

    async def close(self) -> None:
        """Ends the stages of this process and the connections to the others."""
        for task in self._tasks:
            task.cancel()
        for host in self._hosts:
            await host.close()
        for remote in self._remotes:
            await remote.close()


def _needed(stage: str, served: Served) -> list[Needs]:
    """What the cascades that are served now need of a stage's runner."""
    return [
        Needs(node.config.name, node.version, node.digests)
        for each in served().values()
        for node in each.graph.nodes
        if node.name == stage
    ]


def _beside_us(stage: str) -> str:
    """The address of the runner that BentoML started with this service."""
    there, name = addresses(), service_name(stage)
    if name not in there:
        raise ConfigError(
            f"no {stage} runner was started beside this service: start it with `bentoml serve`, "
            "or set HIKARI_PLACEMENT=inline"
        )
    return there[name]
