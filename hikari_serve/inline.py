"""The whole cascade in this process: for the command line, batch work and evaluation."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.requirements import require
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import TASKS, Settings
from hikari_serve.tasks.host import Host

Shown = Callable[[list[Host]], Iterable[Host]]
"""Passes on what is to be loaded, one after another, and may show how far that is."""


@asynccontextmanager
async def open_cascade(
    settings: Settings,
    *,
    until: str | None = None,
    references: bool = True,
    shown: Shown = iter,
) -> AsyncIterator[Cascade]:
    """Loads a cascade's stages, and closes them afterwards.

    Args:
        settings: Names the repository, the cascade and the limits; its placement is not used.
        until: The last stage that is needed; None for all.
        references: Whether the stage that retrieves cases is needed.
        shown: Shows the loading.

    Raises:
        ConfigError: A setting or the repository is wrong.
        Unavailable: A model cannot be loaded, and why.
    """
    settings = replace(settings, placement=dict.fromkeys(TASKS, "inline"))
    repository = Repository.of(settings)
    config = repository.config(settings.cascade)
    graph = Graph.read(config, repository)
    needed = graph.until(until, references=references)
    require(repository, settings.cascade, needed, settings.tasks_here)
    tasks = dict.fromkeys(node.task for node in needed.nodes)
    hosts = {task: Host.for_cascade(task, settings, stages=len(tasks)) for task in tasks}
    limits = PictureLimits(max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels)
    try:
        for host in shown(list(hosts.values())):
            await host.load()
            await host.ready()
        yield Cascade(config, graph, hosts, limits)
    finally:
        for host in hosts.values():
            await host.close()
