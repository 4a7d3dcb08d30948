"""The demo's group stage in this process, controlled, over a repository that tests may change."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hikari_serve.cascade.loads import read_cascades
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.controller import Controller
from hikari_serve.serving.control.desired import DesiredFile
from hikari_serve.serving.control.keeper import Keeper
from hikari_serve.serving.control.opening import first
from hikari_serve.settings import Settings, StageSettings
from hikari_serve.stage import Item
from hikari_serve.tasks.host import Host
from tests.tasks.hosted import VIEW

GROUP = "demo_group"


OTHER = """
triton:
  name: other
  platform: ensemble
  input: [{name: image, data_type: TYPE_STRING, dims: [-1]}]
  output: [{name: group.label, data_type: TYPE_STRING, dims: [-1]}]
  ensemble_scheduling:
    step:
      - model_name: other_group
        model_version: -1
        input_map: {image: image}
        output_map: {label: group.label}
hikari: {kind: cascade}
"""


@dataclass
class Machine:
    """The group stage of the demo in this process, and who controls it."""

    models: Path
    file: DesiredFile
    host: Host
    controller: Controller

    async def version(self, model: str = GROUP) -> int:
        """The version that answers now."""
        item = Item(id="i", model=model, view=VIEW, deadline=time.time() + 60)
        return (await self.host.infer(item)).provenance.version


@asynccontextmanager
async def machine(models: Path, workers: int = 1) -> AsyncIterator[Machine]:
    settings = Settings(
        models=models, locks=models, stages={"group": StageSettings("inline")}, workers=workers
    )
    repository = Repository(models)
    cascades = read_cascades("demo", [], repository)
    folder = models.parent / "control"
    folder.mkdir()
    file = DesiredFile(folder)
    nodes = cascades["demo"].graph.nodes
    file.begin(first(cascades, {node.name: {node.config.name: [1]} for node in nodes}))
    host = Host(repository, cores=1, locks=models)
    keeper = Keeper("group", host, file.read().stages["group"], file)
    keeping = asyncio.create_task(keeper.run())
    controller = Controller(DesiredFile(folder), settings, cascades)
    try:
        yield Machine(models, file, host, controller)
    finally:
        await controller.close()
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await host.close()


def second_version(models: Path) -> Path:
    folder = models / GROUP / "2"
    shutil.copytree(models / GROUP / "1", folder)
    return folder


def flip(path: Path) -> None:
    """Flips a byte in the header, which says how long each tensor is."""
    content = bytearray(path.read_bytes())
    content[20] ^= 0xFF
    path.write_bytes(content)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def other_cascade(models: Path) -> None:
    """A cascade of one stage, of which the demo has one too, with a model of its own."""
    shutil.copytree(models / GROUP, models / "other_group")
    edit(models / "other_group" / "config.yaml", "name: demo_group", "name: other_group")
    (models / "other").mkdir()
    (models / "other" / "config.yaml").write_text(OTHER)
