"""The API service: composes the runners into the cascade and opens its doors.

`bentoml serve service:Hikari` starts it with a process for each runner; `HIKARI_*` variables
place runners elsewhere or in this process (see docs/settings.md).
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import bentoml
from starlette.middleware.cors import CORSMiddleware

from hikari_serve.cascade.decoder import Decoder
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.loads import read_cascades, stages_of
from hikari_serve.cascade.requirements import require
from hikari_serve.cascade.sharing import check_shares, engines_of
from hikari_serve.errors import HikariError
from hikari_serve.observability.audit import audit_of
from hikari_serve.observability.metrics import Metrics, figures
from hikari_serve.observability.request_log import RequestLog
from hikari_serve.observability.several import Several
from hikari_serve.observability.traces import exported
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.present import as_json
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.admission import Admission
from hikari_serve.serving.arbiter import Entrance, enter_by
from hikari_serve.serving.bento import SERVICE, begun, beside, log_as
from hikari_serve.serving.control.controller import Controller
from hikari_serve.serving.control.opening import followed
from hikari_serve.serving.diagnose.door import diagnose_app
from hikari_serve.serving.diagnose.sdk import Asked, answer, check_asked
from hikari_serve.serving.doorstep import LOOPBACK, Doorstep
from hikari_serve.serving.draining import drain_of, on_stop
from hikari_serve.serving.ending import Pictures
from hikari_serve.serving.errors import nowhere
from hikari_serve.serving.inherited import listening_host, on_loopback, probes_fd
from hikari_serve.serving.json_apis import JsonApis
from hikari_serve.serving.keys import Keys, check_control
from hikari_serve.serving.oip.dataplane import DataPlane
from hikari_serve.serving.oip.grpc.server import GrpcServer
from hikari_serve.serving.oip.http.door import oip_routes
from hikari_serve.serving.oip.statistics import Statistics
from hikari_serve.serving.placement import PlacedStages
from hikari_serve.serving.probe_port import ProbePort
from hikari_serve.serving.readiness import Readiness, ReadinessDoor, ReadinessState, announce
from hikari_serve.serving.request_id import HEADER, current
from hikari_serve.serving.runner import runner_of
from hikari_serve.serving.tls import certified, private_key_and_chain, trusted
from hikari_serve.settings import Settings

try:
    settings = Settings.from_environment()
    repository = Repository.of(settings)
    cascades = read_cascades(settings.cascade, settings.load, repository)
    stages = stages_of(cascades)
    config, graph = cascades[settings.cascade].config, cascades[settings.cascade].graph
    settings.check_stages(stages)
    keys = Keys.read(Path(settings.keys)) if settings.keys else None
    check_control(settings.model_control, keys)
    tls = certified(settings.tls_cert, settings.tls_key)
    pem = private_key_and_chain(settings.tls_cert, settings.tls_key)
    trust = trusted(settings.stage_ca)
    tracing = exported()
    audit = audit_of(settings, figures().audit_lost.inc)
    for name, each in cascades.items():
        require(repository, name, each.graph, settings.here(each.graph.steps), settings.load)
    check_shares(
        settings.cascade, engines_of(cascades, settings.here(stages), repository, settings)
    )
except HikariError as error:
    sys.exit(f"hikari: {error.message}")

log_as(settings.log)
drain_seconds = settings.drain_seconds or drain_of(config)
metrics = Metrics(figures())
told = Several(metrics, RequestLog(), *audit, *tracing)
admission = Admission(settings.max_requests, settings.max_bytes)
app = diagnose_app(settings, graph)
app.router.routes.extend(oip_routes())
state = ReadinessState()


@bentoml.service(
    workers=settings.workers,
    ssl=tls,
    runner_probe={"enabled": False},  # waits five seconds for a dead stage
    **SERVICE,
)
@bentoml.asgi_app(app)
@beside(
    (stage, runner_of(stage)) for stage in stages if settings.of_stage(stage).runner == "process"
)
class Hikari:
    """Answers `/diagnose` with the cascade that `HIKARI_CASCADE` names."""

    def __init__(self) -> None:
        file = followed(settings, cascades)
        self.controller = Controller(file, settings, cascades) if file else None
        served = self.controller.cascades if self.controller else lambda: cascades
        self.placement = PlacedStages(settings, cascades, served, file, trust, tracing)
        limits = PictureLimits(
            max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels
        )
        statistics = Statistics(graph)
        heard = Several(metrics, statistics, Pictures(), *tracing)
        self.cascade = Cascade(config, graph, self.placement.stages, Decoder(limits), heard)
        app.state.cascade = self.cascade
        state.readiness = self.readiness = Readiness(self.placement.stages, graph.headline)
        app.state.dataplane = self.dataplane = DataPlane(
            cascades,
            self.cascade,
            repository,
            self.readiness,
            statistics,
            as_json,
            settings.load,
            self.controller,
        )
        self.grpc = None
        if settings.grpc_port:
            most = settings.max_image_bytes
            self.grpc = GrpcServer(
                self.dataplane,
                max_image_bytes=most,
                keys=keys,
                shared=True,
                drain_seconds=drain_seconds,
                observer=told,
                admission=admission,
            )

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def start(self) -> None:
        """Begins to load the stages that run in this process, and to listen for gRPC."""
        self.placement.start()
        if self.grpc is not None:
            await self.grpc.start(listening_host(), settings.grpc_port, pem)
        on_stop(self.stop)
        if at := begun():
            self.announcing = asyncio.create_task(announce(self.readiness, *at))

    def stop(self) -> None:
        """Takes nothing new: uvicorn does so over HTTP at the same signal."""
        self.readiness.stop()
        if self.grpc is not None:
            self.grpc.drain()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def close(self) -> None:
        """Waits for gRPC's last calls, then ends the stages of this process and all connections."""
        if self.controller is not None:
            await self.controller.close()
        if self.grpc is not None:
            await self.grpc.close()
        await self.placement.close()

    @bentoml.api(route="/api/diagnose", input_spec=Asked)  # type: ignore[untyped-decorator]
    async def diagnose(self, **asked: Any) -> Answer:
        """Read a picture of a lesion: group, disease and caption."""
        return await answer(self.cascade, current.get(), Asked(**asked))


served: Any = Hikari  # BentoML made a `Service` of the class
served.mount_asgi_app(nowhere)  # behind `app`, so that it gets what is left
enter_by(
    Entrance(
        "" if keys else "HIKARI_KEYS", settings.metrics_port, settings.grpc_port, drain_seconds
    )
)
hosts = settings.allowed_hosts or (LOOPBACK if on_loopback() else ())
if settings.cors_origins:  # the first: a page must be able to read why it is refused
    served.add_asgi_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=[HEADER, "retry-after"],
    )
served.add_asgi_middleware(Doorstep, hosts=hosts, keys=keys, observer=told, admission=admission)
if (fd := probes_fd()) is not None:
    served.add_asgi_middleware(ProbePort, fd=fd)
served.add_asgi_middleware(ReadinessDoor, state=state)
served.add_asgi_middleware(
    JsonApis, prefix="/api/", max_bytes=settings.max_image_bytes, read=check_asked
)
