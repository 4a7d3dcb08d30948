"""The API service: composes the runners into the cascade and opens its doors.

`bentoml serve service:Hikari` starts it with a process for each runner; `HIKARI_*` variables
place runners elsewhere or in this process (see docs/settings.md).
"""

import sys
from typing import Any

import bentoml
from starlette.exceptions import HTTPException

from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.requirements import require
from hikari_serve.errors import HikariError
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.diagnose import diagnose_app
from hikari_serve.serving.placement import PlacedStages
from hikari_serve.serving.traffic import TRAFFIC
from hikari_serve.settings import Settings
from runners.caption import CaptionRunner
from runners.disease import DiseaseRunner
from runners.group import GroupRunner
from runners.references import ReferencesRunner

RUNNERS: dict[str, Any] = {  # BentoML made a `Service` of each class
    "group": GroupRunner,
    "references": ReferencesRunner,
    "disease": DiseaseRunner,
    "caption": CaptionRunner,
}

try:
    settings = Settings.from_environment()
    repository = Repository.of(settings)
    config = repository.config(settings.cascade)
    graph = Graph.read(config, repository)
    require(repository, settings.cascade, graph, settings.tasks_here)
except HikariError as error:
    sys.exit(f"hikari: {error.message}")

tasks = list(dict.fromkeys(node.task for node in graph.nodes))
app = diagnose_app(settings)


def beside(task: str) -> Any:
    """The runner as a process of this server, if the cascade needs it and settings place it so."""
    wanted = task in tasks and settings.placement[task] == "process"
    return bentoml.depends(RUNNERS[task]) if wanted else None


@bentoml.service(
    workers=settings.workers,
    traffic=TRAFFIC,
    runner_probe={"enabled": False},  # waits five seconds for a dead stage; __is_ready__ does not
)
@bentoml.asgi_app(app)
class Hikari:
    """Answers `/diagnose` with the cascade that `HIKARI_CASCADE` names."""

    group = beside("group")
    references = beside("references")
    disease = beside("disease")
    caption = beside("caption")

    def __init__(self) -> None:
        services = {task: runner.name for task, runner in RUNNERS.items()}
        self.placement = PlacedStages(settings, tasks, services)
        limits = PictureLimits(
            max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels
        )
        app.state.cascade = Cascade(config, graph, self.placement.stages, limits)

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def start(self) -> None:
        """Begins to load the stages that run in this process."""
        self.placement.start()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    async def close(self) -> None:
        """Ends the stages of this process and the connections to the others."""
        await self.placement.close()

    async def __is_ready__(self) -> bool:
        waiting = await self.placement.not_ready()
        if waiting:
            listed = "; ".join(f"{task}: {why}" for task, why in waiting.items())
            raise HTTPException(503, f"stages not ready: {listed}")
        return True
