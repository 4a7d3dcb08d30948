"""The second reference: the cascade itself without serving, in one process."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from benchmarks.cascade_result import CascadeResult
from benchmarks.passes import Pass, closed_loop
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings
from hikari_serve.tasks.host import Host


class InlineCascade:
    """The served cascade with every stage in this process."""

    def __init__(self, settings: Settings) -> None:
        settings = replace(settings, placement=dict.fromkeys(settings.placement, "inline"))
        repository = Repository.of(settings)
        config = repository.config(settings.cascade)
        graph = Graph.read(config, repository)
        tasks = dict.fromkeys(node.task for node in graph.nodes)
        hosts = {task: Host.for_cascade(task, settings, stages=len(tasks)) for task in tasks}
        self._cascade = Cascade(config, graph, hosts, PictureLimits())
        self._ids = map(str, count())
        self._runner = asyncio.Runner()
        for host in hosts.values():
            self._runner.run(host.load())
            self._runner.run(host.ready())

    def measure(self, pictures: Sequence[bytes], clients: int) -> Pass[CascadeResult]:
        """One pass with so many requests in flight."""
        return self._runner.run(closed_loop(self._diagnose, pictures, clients))

    async def _diagnose(self, picture: bytes) -> CascadeResult:
        request = CascadeRequest(id=next(self._ids), image=picture)
        return CascadeResult.of(await self._cascade.run(request))
