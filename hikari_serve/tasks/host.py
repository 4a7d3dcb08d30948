"""All models of one task that a process hosts, as one stage: what is inside every runner."""

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image

from hikari_serve.cascade.graph import Graph
from hikari_serve.errors import HikariError, NotFound, Unavailable
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.scheduling.starting import starting
from hikari_serve.settings import Settings
from hikari_serve.stage import Item, OnText, StageResult
from hikari_serve.tasks.model import Model

logger = logging.getLogger(__name__)

WARM_UP_SECONDS = 600.0
"""How long the first answer of a model may take before loading it counts as failed."""

SKIN = "#c89b82"
"""Colour of the picture that a model warms up on."""


class State(StrEnum):
    """The states of a version, named as Triton's repository index names them."""

    LOADING = "LOADING"
    READY = "READY"
    UNAVAILABLE = "UNAVAILABLE"


@dataclass(slots=True)
class Version:
    """A version of a model in this process.

    Attributes:
        name: The model.
        version: Its version.
        state: Whether it answers.
        reason: Why it does not.
        model: What answers, once ready.
    """

    name: str
    version: int
    state: State = State.LOADING
    reason: str = ""
    model: Model | None = None

    def __str__(self) -> str:
        """What state it is in, as a sentence."""
        return f"model '{self.name}' is {self.state}" + (f": {self.reason}" if self.reason else "")


class Host:
    """Loads models, warms them up, and hands each item to the one it names. A `Stage`.

    Attributes:
        versions: What is hosted.
        dead: Set when an engine died; its models are `UNAVAILABLE` from then on, and only a new
            process can answer again.
    """

    def __init__(
        self, repository: Repository, names: Iterable[str], *, cores: int, locks: Path
    ) -> None:
        """Args:
        repository: Where the models lie.
        names: Which to host.
        cores: Cores that this process may compute on.
        locks: Folder by which processes agree on who may use an accelerator.

        Raises:
            ConfigError: A model's configuration is wrong.
            NotFound: There is no such model.
        """
        self._repository = repository
        self._cores = cores
        self._locks = locks
        self.versions = [
            Version(name, version)
            for name in names
            for version in repository.served_versions(repository.config(name))
        ]
        self.dead = asyncio.Event()
        self._watchers: list[asyncio.Task[None]] = []

    @classmethod
    def for_cascade(cls, task: str, settings: Settings, *, stages: int) -> "Host":
        """The host of those models that the served cascade needs for a task.

        Args:
            task: The task.
            settings: Names the repository and the cascade.
            stages: How many stages of this machine share its cores, this one included.

        Raises:
            ConfigError: The repository or the cascade is wrong.
            NotFound: There is no such cascade.
        """
        repository = Repository.of(settings)
        graph = Graph.read(repository.config(settings.cascade), repository)
        names = dict.fromkeys(node.config.name for node in graph.nodes if node.task == task)
        return cls(repository, names, cores=settings.cores(stages), locks=settings.locks)

    async def load(self) -> None:
        """Loads every version, one after the other; a failure is that version's own state."""
        for entry in self.versions:
            began = time.monotonic()
            try:
                entry.model = await self._load(entry)
                entry.state = State.READY
                self._watchers.append(asyncio.create_task(self._watch(entry, entry.model)))
            except HikariError as error:
                entry.state, entry.reason = State.UNAVAILABLE, error.message
            except Exception as error:
                logger.exception("loading %s failed", entry.name)
                entry.state, entry.reason = State.UNAVAILABLE, repr(error)
            seconds = time.monotonic() - began
            logger.info(
                "model %s version %d: %s after %.1f s %s",
                entry.name, entry.version, entry.state, seconds, entry.reason,
            )  # fmt: skip

    async def _load(self, entry: Version) -> Model:
        from hikari_serve.tasks.loading import load_model  # torch is imported only where it runs

        hikari = self._repository.config(entry.name).hikari
        assert not isinstance(hikari, CascadeConfig)
        item = Item(
            id="warm-up",
            model=entry.name,
            view=make_view(Image.new("RGB", (64, 64), SKIN), Preprocessing()),
            deadline=time.time() + WARM_UP_SECONDS,
        )
        device = hikari.engine.device
        async with starting(device, self._locks, turns=hikari.engine.turns) as lease:
            model = await asyncio.to_thread(
                load_model, self._repository, entry.name, entry.version, self._cores
            )
            if lease:
                model.take_turns(lease)
            try:
                await model.infer(item)
            except BaseException:
                await model.close()
                raise
        return model

    async def _watch(self, entry: Version, model: Model) -> None:
        entry.reason = await model.died()
        entry.state = State.UNAVAILABLE
        logger.critical("%s", entry)
        self.dead.set()

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`.

        Raises:
            NotFound: The model or version is not hosted here.
            Unavailable: It is not ready.
        """
        return await self._find(item.model, item.version).infer(item, on_text)

    async def ready(self) -> None:
        """Returns if every version answers; see `Stage.ready`."""
        for entry in self.versions:
            if entry.state is not State.READY:
                raise Unavailable(str(entry))

    async def close(self) -> None:
        """Ends every model."""
        for watcher in self._watchers:
            watcher.cancel()
        for entry in self.versions:
            if entry.model is not None:
                await entry.model.close()

    def _find(self, name: str, version: int | None) -> Model:
        hosted = [entry for entry in self.versions if entry.name == name]
        chosen = [entry for entry in hosted if version in (None, entry.version)]
        if not chosen:
            there = ", ".join(f"{entry.name}/{entry.version}" for entry in self.versions)
            raise NotFound(f"model '{name}' version {version} is not hosted here; hosted: {there}")
        for entry in reversed(chosen):  # the newest that answers
            if entry.model is not None and entry.state is State.READY:
                return entry.model
        newest = chosen[-1]
        raise Unavailable(
            str(newest),
            retry_after=1.0 if newest.state is State.LOADING else None,
        )
