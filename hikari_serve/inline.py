"""The whole cascade in this process: for the command line, batch work and evaluation."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from hikari_serve.cascade.decoder import Decoder
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.loads import read_cascades, stages_of, versions_by_model
from hikari_serve.cascade.requirements import require
from hikari_serve.cascade.sharing import check_shares, engines_of
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings
from hikari_serve.tasks.host import Host

Shown = Callable[[list[str]], Iterable[str]]
"""Passes on the stages that are to be loaded, one after another, and may show how far that is."""


@asynccontextmanager
async def open_cascade(
    settings: Settings,
    *,
    until: str | None = None,
    retrieve: bool = True,
    shown: Shown = iter,
) -> AsyncIterator[Cascade]:
    """Loads a cascade's stages, and closes them afterwards.

    Args:
        settings: Names the repository, the cascade and the limits; its placement is not used.
        until: The last stage that is needed; None for all.
        retrieve: Whether stages that retrieve cases are needed.
        shown: Shows the loading.

    Raises:
        ConfigError: A setting or the repository is wrong.
        Unavailable: A model cannot be loaded, and why.
    """
    settings = settings.in_one_process()
    repository = Repository.of(settings)
    cascades = read_cascades(settings.cascade, settings.load, repository)
    settings.check_stages(stages_of(cascades))
    config, graph = cascades[settings.cascade].config, cascades[settings.cascade].graph
    names = [node.name for node in graph.part(until, retrieve=retrieve).nodes]
    require(repository, settings.cascade, graph, names, settings.load)
    its = {settings.cascade: cascades[settings.cascade]}
    check_shares(settings.cascade, engines_of(its, names, repository, settings))
    needed = {name: versions_by_model(name, [graph], repository, settings.load) for name in names}
    hosts = {name: Host.for_stage(name, settings, names) for name in names}
    limits = PictureLimits(max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels)
    try:
        for name in shown(names):
            for model, versions in needed[name].items():
                for version in versions:
                    await hosts[name].load(model, version)
        yield Cascade(config, graph, hosts, Decoder(limits))
    finally:
        for host in hosts.values():
            await host.close()
