"""The whole cascade in this process: what `hikari diagnose` asks when it is given no server."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hikari_serve.cascade.answer import Answer
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.graph import Graph
from hikari_serve.cascade.request import DiagnoseRequest
from hikari_serve.cli.asking import Ask
from hikari_serve.cli.terminal import Bar, hush_transformers
from hikari_serve.client import Options
from hikari_serve.image import Limits
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import TASKS, Settings
from hikari_serve.tasks.host import Host


@asynccontextmanager
async def in_this_process(options: Options) -> AsyncIterator[Ask]:
    """Loads the stages that the options need, and runs the cascade here.

    Raises:
        ConfigError: A setting or the repository is wrong.
        Unavailable: A model cannot be loaded, and why.
    """
    settings = replace(Settings.from_environment(), placement=dict.fromkeys(TASKS, "inline"))
    repository = Repository(settings.models)
    config = repository.config(settings.cascade)
    graph = Graph.read(config, repository)
    needed = graph.until(options.get("until"), references=options.get("references") != 0)
    tasks = dict.fromkeys(node.task for node in needed.nodes)
    hosts = {task: Host.for_cascade(task, settings, stages=len(tasks)) for task in tasks}
    limits = Limits(max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels)
    cascade = Cascade(config, graph, hosts, limits)
    asked: dict[str, Any] = {name: value for name, value in options.items() if value is not None}

    async def ask(image: Path) -> Answer:
        picture = await asyncio.to_thread(image.read_bytes)
        return await cascade.run(DiagnoseRequest(id=uuid.uuid4().hex, image=picture, **asked))

    try:
        with Bar("Loading the models", total=len(hosts)) as bar:
            hush_transformers()
            for host in hosts.values():
                await host.load()
                await host.ready()
                bar.step()
        yield ask
    finally:
        for host in hosts.values():
            await host.close()
