"""The second reference: the cascade itself without serving, in one process."""

import asyncio
from collections.abc import Sequence
from itertools import count

from benchmarks.cascade_result import CascadeResult
from benchmarks.passes import Pass, closed_loop
from hikari_serve.cascade.decoder import Decoder
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.loads import versions_by_model
from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.cascade.wiring import read_graph
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.presentation.present import present
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings
from hikari_serve.tasks.host import Host


class InlineCascade:
    """The served cascade with every stage in this process."""

    def __init__(self, settings: Settings) -> None:
        repository = Repository.of(settings)
        config = repository.config(settings.cascade)
        graph = read_graph(config, repository)
        self._hosts = {name: Host.for_stage(name, settings, graph.steps) for name in graph.steps}
        self._cascade = Cascade(config, graph, self._hosts, Decoder(PictureLimits()))
        self._ids = map(str, count())
        self._runner = asyncio.Runner()
        for name, host in self._hosts.items():
            needed = versions_by_model(name, [graph], repository, settings.load)
            for model, versions in needed.items():
                for version in versions:
                    self._runner.run(host.load(model, version))

    def measure(self, pictures: Sequence[bytes], clients: int) -> Pass[CascadeResult]:
        """One pass with so many requests in flight."""
        return self._runner.run(closed_loop(self._diagnose, pictures, clients))

    def close(self) -> None:
        """Closes the engines."""
        for host in self._hosts.values():
            self._runner.run(host.close())
        self._runner.close()

    async def _diagnose(self, picture: bytes) -> CascadeResult:
        request = CascadeRequest(id=next(self._ids), image=picture)
        return CascadeResult.of(present(await self._cascade.run(request)))
