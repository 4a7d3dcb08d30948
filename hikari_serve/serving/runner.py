"""What every runner is: a BentoML service around the host of one stage's models."""

import asyncio
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import bentoml
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from hikari_serve.cascade.loads import LoadedCascade, read_cascades, stages_of
from hikari_serve.cascade.requirements import require
from hikari_serve.cascade.sharing import check_shares, engines_of
from hikari_serve.errors import ConfigError, HikariError
from hikari_serve.hints import hint
from hikari_serve.observability.metrics import Metrics, figures
from hikari_serve.observability.several import Several
from hikari_serve.observability.traces import endpoint, exported
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.arbiter import Entrance, enter_by
from hikari_serve.serving.bento import SERVICE, addresses, log_as
from hikari_serve.serving.control.opening import followed, keeper_of
from hikari_serve.serving.doorstep import LOOPBACK, Doorstep
from hikari_serve.serving.draining import drain_of
from hikari_serve.serving.hop.door import PATHS, stage_app
from hikari_serve.serving.inherited import on_loopback, probes_fd
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.probe_port import ProbePort
from hikari_serve.serving.supervision import exit_when_failed
from hikari_serve.serving.tls import certified
from hikari_serve.settings import Settings
from hikari_serve.tasks.host import Host


def runner_of(name: str | None) -> Any:
    """The BentoML service that hosts a stage of the cascade that the settings name.

    Ends the process with a sentence if there is no such stage, or a setting is wrong.

    Args:
        name: The stage; None takes the one that HIKARI_STAGE names.
    """
    try:
        settings = Settings.from_environment()
        repository = Repository.of(settings)
        cascades = read_cascades(settings.cascade, settings.load, repository)
        stages = stages_of(cascades)
        settings.check_stages(stages)
        stage = settings.stage if name is None else name
        if stage not in stages:
            raise ConfigError(
                f"cascade '{settings.cascade}' has no stage '{stage}'; {hint(stage, stages)}"
            )
        for cascade, each in cascades.items():
            require(repository, cascade, each.graph, [stage], settings.load)
        check_shares(settings.cascade, engines_of(cascades, [stage], repository, settings))
        tls = certified(settings.tls_cert, settings.tls_key)
        endpoint()
    except HikariError as error:
        sys.exit(f"hikari: {error.message}")

    log_as(settings.log)
    workers = settings.of_stage(stage).workers
    app = stage_app(stage, workers)
    drain_seconds = settings.drain_seconds or drain_of(cascades[settings.cascade].config)

    @bentoml.service(name=service_name(stage), workers=workers, ssl=tls, **SERVICE)
    @bentoml.asgi_app(app)
    class StageRunner(Runner):
        def __init__(self) -> None:
            super().__init__(stage, settings, cascades, app)

    served: Any = StageRunner  # BentoML made a `Service` of the class
    guard = "" if settings.stage_token else "HIKARI_STAGE_TOKEN"
    enter_by(Entrance(guard, settings.metrics_port, drain_seconds=drain_seconds))
    keys = Keys(dict.fromkeys(settings.stage_token, "infer")) if settings.stage_token else None
    hosts = LOOPBACK if on_loopback() else ()
    served.add_asgi_middleware(Doorstep, hosts=hosts, paths=PATHS, keys=keys, logged=False)
    if (fd := probes_fd()) is not None:
        served.add_asgi_middleware(ProbePort, fd=fd)
    return served


class Runner:
    """Base of the runners' services: loads in the background, drains at the end."""

    def __init__(
        self,
        stage: str,
        settings: Settings,
        cascades: Mapping[str, LoadedCascade],
        app: Starlette,
    ) -> None:
        heard = Several(Metrics(figures(), stage), *exported(stage))
        self.host = Host.for_stage(stage, settings, started_here(stages_of(cascades)), heard)
        file = followed(settings, cascades)
        self.keeper = keeper_of(stage, self.host, settings, cascades, file)
        app.state.stage = self.host
        self._tasks: list[asyncio.Task[None]] = []

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def load(self) -> None:
        """Starts loading; calls that come before that is done wait as long as they can."""
        self._tasks = [
            asyncio.create_task(self.keeper.run()),
            asyncio.create_task(exit_when_failed(self.host)),
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


def service_name(stage: str) -> str:
    """The name of a stage's BentoML service: `GroupRunner` for `group`."""
    return "".join(word.capitalize() for word in stage.split("_")) + "Runner"


def started_here(stages: Iterable[str]) -> list[str]:
    """The stages whose runners one `bentoml serve` started on this machine."""
    there = addresses()
    return [stage for stage in stages if service_name(stage) in there]
