"""The models of a process as one stage: a table of loaded versions. It is inside every runner."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hikari_serve.cascade.graph import Graph
from hikari_serve.errors import HikariError, NotFound, Unavailable
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.scheduling.starting import starting
from hikari_serve.settings import Settings
from hikari_serve.stage import Hosted, Item, OnText, StageResult, State
from hikari_serve.tasks.model import Model

logger = logging.getLogger(__name__)

WARM_UP_SECONDS = 600.0
"""How long the first answer of a loaded model may take before loading it counts as failed."""

BACKOFF_SECONDS = (1.0, 4.0, 16.0)
"""Pauses between the attempts to load what must be there at start: a device may still be held by
the process that was here before."""

DRAIN_SECONDS = 60.0
"""How long calls that run may go on in a version that is unloaded."""

RETRY_SECONDS = 1.0
"""When to ask again for a model that is loading."""

MARGIN_SECONDS = 0.05
"""So long before its deadline an item is told that its model still loads: in time to be heard."""

SKIN = "#c89b82"
"""Colour of the picture that a model warms up on."""


@dataclass(slots=True, eq=False)
class Version:
    """A version of a model in this process.

    Attributes:
        name: The model.
        version: Its version.
        state: Whether it answers.
        reason: Why it does not, or why it could not be loaded anew.
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
    """Loads and unloads versions of models, and hands each item to the one it names. A `Stage`."""

    def __init__(
        self,
        repository: Repository,
        *,
        cores: int,
        locks: Path,
        observer: Observer = NOBODY,
    ) -> None:
        """Args:
        repository: Where the models lie.
        cores: Cores that this process may compute on.
        locks: Folder by which processes agree on who may use an accelerator.
        observer: Hears of loads and batches.
        """
        self._repository = repository
        self._cores = cores
        self._locks = locks
        self._observer = observer
        self._table: dict[tuple[str, int], Version] = {}
        self._changed = asyncio.Condition()
        self._loading = asyncio.Lock()
        self._watchers: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[str] | None = None
        self._failure = ""

    @classmethod
    def for_stage(
        cls,
        stage: str,
        settings: Settings,
        graph: Graph,
        here: Sequence[str],
        observer: Observer = NOBODY,
    ) -> "Host":
        """The host that a stage of a cascade needs; `start` loads what it must have.

        Args:
            stage: The stage.
            settings: Names the repository.
            graph: Of the served cascade.
            here: The stages of this machine, which share its cores, this one among them.
            observer: Hears of loads and batches.

        Raises:
            ConfigError: The model's versions are wrong.
        """
        node = graph.node(stage)
        host = cls(
            Repository.of(settings),
            cores=settings.cores(stage, here),
            locks=settings.locks,
            observer=observer,
        )
        host.want(node.config.name, node.version)
        return host

    @property
    def versions(self) -> list[Version]:
        """What is in the table, by name and version."""
        return [self._table[key] for key in sorted(self._table)]

    def want(self, name: str, version: int | None = None) -> list[Version]:
        """Enters what must be there at start.

        Args:
            name: A model.
            version: One version; None takes those that its policy chooses.

        Raises:
            ConfigError: Its configuration is wrong.
            NotFound: There is no such model.
        """
        chosen = [version]
        if version is None:
            chosen = list(self._repository.served_versions(self._repository.config(name)))
        entries = []
        for number in chosen:
            assert number is not None
            entries.append(self._table.setdefault((name, number), Version(name, number)))
        return entries

    async def start(self) -> None:
        """Loads what must be there, again after a pause where it failed.

        What cannot be loaded at last is a failure of the process: `failed` returns.
        """
        for entry in self.versions:
            for pause in (*BACKOFF_SECONDS, None):
                try:
                    async with self._loading:
                        await self._load(entry, State.UNAVAILABLE if pause is None else entry.state)
                    break
                except HikariError as error:
                    if pause is None:
                        self._fail(str(entry))
                        return
                    logger.warning("%s; trying again in %g s", error.message, pause)
                    await asyncio.sleep(pause)

    async def load(self, name: str, version: int | None = None) -> None:
        """Loads a model and warms it up; if it is there already, anew and in its place.

        What is there goes on answering until the new one can, and goes on if that fails.

        Args:
            name: The model.
            version: One version; None takes those that its policy chooses.

        Raises:
            ConfigError: Configuration, weights or device are wrong.
            NotFound: There is no such model.
            Unavailable: The model gave no first answer.
        """
        for entry in self.want(name, version):
            async with self._loading:
                await self._load(entry, State.UNAVAILABLE)

    async def unload(self, name: str, version: int | None = None) -> None:
        """Takes a model out; calls that it is answering may end first.

        Args:
            name: The model.
            version: One version; None takes all that are here.

        Raises:
            NotFound: It is not here.
        """
        found = self._hosted(name, version)
        for entry in found:
            del self._table[entry.name, entry.version]
        for entry in found:
            if entry.model is not None:
                await _drain(entry.model)

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`. One whose model is loading waits for it.

        Raises:
            NotFound: The model or version is not hosted here.
            Unavailable: It is not ready, and the deadline leaves no time to wait.
        """
        model = await self._ready(item)
        return await model.infer(item, on_text)

    async def ready(self) -> None:
        """Returns if every version answers; see `Stage.ready`."""
        for entry in self.versions:
            if entry.state is not State.READY:
                raise Unavailable(str(entry))

    async def describe(self) -> tuple[Hosted, ...]:
        """What is hosted; see `Stage.describe`."""
        return tuple(
            Hosted(
                model=entry.name,
                version=entry.version,
                state=entry.state,
                reason=entry.reason,
                provenance=entry.model.provenance if entry.model else None,
                digests=entry.model.digests if entry.model else {},
            )
            for entry in self.versions
        )

    async def failed(self) -> str:
        """Waits until only a new process can answer again; returns why."""
        if self._failed is None:
            self._failed = asyncio.get_running_loop().create_future()
            if self._failure:
                self._failed.set_result(self._failure)
        return await asyncio.shield(self._failed)

    async def close(self) -> None:
        """Ends every model."""
        for watcher in self._watchers:
            watcher.cancel()
        for entry in self.versions:
            if entry.model is not None:
                await entry.model.close()

    async def _load(self, entry: Version, otherwise: State) -> None:
        """Loads one entry.

        Args:
            entry: What to load; a model that it has goes on if that fails.
            otherwise: Its state if that fails and it has none.
        """
        began = time.monotonic()
        old = entry.model
        try:
            model = await self._open(entry)
        except Exception as error:
            reason = error.message if isinstance(error, HikariError) else repr(error)
            if not isinstance(error, HikariError):
                logger.exception("loading %s failed", entry.name)
            self._told(entry, began, reason)
            if old is None:
                entry.state = otherwise
            entry.reason = f"it could not be loaded anew: {reason}" if old else reason
            await self._notify()
            raise error if isinstance(error, HikariError) else Unavailable(reason) from error
        entry.model, entry.state, entry.reason = model, State.READY, ""
        watcher = asyncio.create_task(self._watch(entry, model))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)
        self._told(entry, began, None)
        self._observer.model_serves(model.provenance)
        await self._notify()
        if old is not None:
            await _drain(old)

    async def _open(self, entry: Version) -> Model:
        from hikari_serve.tasks.loading import load_model  # torch is imported only where it runs

        hikari = self._repository.config(entry.name).hikari
        if isinstance(hikari, CascadeConfig):
            raise NotFound(f"'{entry.name}' is a cascade: its models are what a stage hosts")
        device = hikari.engine.device
        async with starting(device, self._locks, turns=hikari.engine.turns) as lease:
            model = await asyncio.to_thread(
                load_model, self._repository, entry.name, entry.version, self._cores, self._observer
            )
            if lease:
                model.take_turns(lease)
            try:
                await model.infer(_warm_up(entry.name))
            except BaseException:
                await model.close()
                raise
        return model

    def _told(self, entry: Version, began: float, error: str | None) -> None:
        seconds = time.monotonic() - began
        how = f"cannot be loaded: {error}" if error else "is READY"
        logger.info("model %s version %d %s after %.1f s", entry.name, entry.version, how, seconds)
        self._observer.model_loaded(entry.name, entry.version, seconds, error)

    async def _watch(self, entry: Version, model: Model) -> None:
        reason = await model.died()
        if entry.model is model:
            entry.state, entry.reason = State.UNAVAILABLE, reason
            logger.critical("%s", entry)
            self._fail(str(entry))

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        if self._failed is not None and not self._failed.done():
            self._failed.set_result(self._failure)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _ready(self, item: Item) -> Model:
        """What answers an item, as soon as it can."""
        while True:
            chosen = self._hosted(item.model, item.version)
            for entry in reversed(chosen):  # the newest that answers
                if entry.model is not None and entry.state is State.READY:
                    return entry.model
            newest = chosen[-1]
            if newest.state is not State.LOADING:
                raise Unavailable(str(newest))
            try:
                left = item.deadline - time.time() - MARGIN_SECONDS
                async with asyncio.timeout(left), self._changed:
                    await self._changed.wait()
            except TimeoutError:
                raise Unavailable(str(newest), retry_after=RETRY_SECONDS) from None

    def _hosted(self, name: str, version: int | None) -> list[Version]:
        found = [
            entry
            for entry in self.versions
            if entry.name == name and version in (None, entry.version)
        ]
        if not found:
            there = ", ".join(f"{entry.name}/{entry.version}" for entry in self.versions)
            which = f"version {version} of model" if version else "model"
            raise NotFound(f"{which} '{name}' is not hosted here; hosted: {there or 'nothing'}")
        return found


async def _drain(model: Model) -> None:
    """Lets the calls that run end, and frees the model."""
    with suppress(TimeoutError):
        await asyncio.wait_for(model.idle(), DRAIN_SECONDS)
    await model.close()


def _warm_up(name: str) -> Item:
    """The first item of a model; its time begins when the weights are there."""
    return Item(
        id="warm-up",
        model=name,
        view=make_view(Image.new("RGB", (64, 64), SKIN), Preprocessing()),
        deadline=time.time() + WARM_UP_SECONDS,
    )


def wanted(hosts: Iterable[Host]) -> int:
    """How many versions the hosts load at start, for a progress bar."""
    return sum(len(host.versions) for host in hosts)
