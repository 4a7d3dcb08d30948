"""The models of a process as one stage: a table of loaded versions. It is inside every runner."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hikari_serve.errors import ConfigError, HikariError, Unavailable
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings
from hikari_serve.stage import UNLOADED, Hosted, Item, OnText, StageResult, State
from hikari_serve.tasks.model import Model
from hikari_serve.tasks.opener import Opener
from hikari_serve.tasks.versions import Version, Versions

logger = logging.getLogger(__name__)

BACKOFF_SECONDS = (1.0, 4.0, 16.0)
"""Pauses between the attempts to load what must be there at start: a device may still be held by
the process that was here before."""

DRAIN_SECONDS = 60.0
"""How long calls that run may go on in a version that is unloaded."""

REPLACED_SECONDS = 600.0
"""The same in a version that another replaces: longer than cascades' deadlines, and so short that
whoever waits for the switch hears of it."""

ENDING = "its process ends"
"""Why a version does not answer whose host is closed."""


class Host:
    """Loads and unloads versions of models, and hands each item to the one it names. A `Stage`.

    Attributes:
        versions: What is in the table.
    """

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
        self._observer = observer
        self._opener = Opener(repository, cores, locks, observer)
        self.versions = Versions()
        self._prepared: dict[tuple[str, int], Model] = {}
        self._watchers: dict[Model, asyncio.Task[None]] = {}
        self._failed: asyncio.Future[str] | None = None
        self._failure = ""

    @classmethod
    def for_stage(
        cls,
        stage: str,
        settings: Settings,
        here: Sequence[str],
        observer: Observer = NOBODY,
    ) -> "Host":
        """The host of a stage; nothing is in it yet.

        Args:
            stage: The stage.
            settings: Names the repository.
            here: The stages of this machine, which share its cores, this one among them.
            observer: Hears of loads and batches.
        """
        return cls(
            Repository.of(settings),
            cores=settings.cores(stage, here),
            locks=settings.locks,
            observer=observer,
        )

    @property
    def loading(self) -> bool:
        """Whether something that it must have is not there yet."""
        return any(each.wanted and each.state is State.LOADING for each in self.versions)

    def want(self, name: str, version: int | None = None) -> list[Version]:
        """Enters what must be there at start.

        Args:
            name: A model.
            version: One version; None takes those that its policy chooses.

        Raises:
            ConfigError: Its configuration is wrong.
            NotFound: There is no such model.
        """
        chosen = self._repository.served_versions
        numbers = chosen(self._repository.config(name)) if version is None else [version]
        entries = [self.versions.entry(name, number) for number in numbers]
        for entry in entries:
            entry.wanted = True
        return entries

    def miss(self, name: str, version: int) -> None:
        """Enters what was here and is unloaded, so that it is known as that."""
        entry = self.versions.entry(name, version)
        entry.state, entry.reason, entry.wanted = State.UNAVAILABLE, UNLOADED, False

    async def start(self) -> None:
        """Loads what must be there, again after a pause where it failed.

        What cannot be loaded at last is a failure of the process: `failed` returns.
        """
        for entry in self.versions:
            for pause in (*BACKOFF_SECONDS, None):
                if not entry.wanted or entry.model is not None:
                    break  # something else was served in the meantime
                try:
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
            await self._load(entry, State.UNAVAILABLE)

    async def prepare(self, name: str, version: int) -> None:
        """Loads a version and warms it up beside what answers; `serve` lets it answer.

        Args:
            name: The model.
            version: The version.

        Raises:
            ConfigError: Configuration, weights or device are wrong, or it names other labels or
                reads another index of cases than what answers, which others know.
            NotFound: There is no such model.
            Unavailable: The model gave no first answer.
        """
        model = await self._opener.open(name, version)
        try:
            for entry in self.versions:
                if entry.name == name and entry.model is not None:
                    model.check_replaces(entry.model)
        except ConfigError:
            await model.close()
            raise
        await self.discard(name, version)
        self._prepared[name, version] = model

    async def serve(self, name: str, version: int) -> None:
        """Lets a prepared version answer from now on; one in its place ends what it answers."""
        model = self._prepared.pop((name, version))
        await self._place(self.versions.entry(name, version), model)

    async def discard(self, name: str, version: int) -> None:
        """Ends a version that was prepared and is not to serve, if there is one."""
        if model := self._prepared.pop((name, version), None):
            await model.close()

    async def unload(self, name: str, version: int | None = None) -> None:
        """Takes a model out; calls that it is answering may end first.

        It stays in the table as one that was unloaded.

        Args:
            name: The model.
            version: One version; None takes all that are here.

        Raises:
            NotFound: It was never here.
        """
        old = []
        for entry in self.versions.find(name, version):
            if entry.model is not None:
                old.append(entry.model)
            entry.model, entry.wanted = None, False
            entry.state, entry.reason = State.UNAVAILABLE, UNLOADED
        await self.versions.changed()
        for model in old:
            self._observer.model_left(model.provenance)
        await asyncio.gather(*(self._drain(model, DRAIN_SECONDS) for model in old))

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`. One whose model is loading waits for it.

        Raises:
            NotFound: The model or version is not hosted here.
            Unavailable: It is not ready, and the deadline leaves no time to wait.
        """
        model = await self.versions.answering(item)
        return await model.infer(item, on_text)

    async def ready(self) -> None:
        """Returns if every version answers that should; see `Stage.ready`."""
        wanted = [entry for entry in self.versions if entry.wanted]
        for entry in wanted or self.versions:
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
        """Ends every model, one after another; from the first moment none answers any more."""
        for watcher in self._watchers.values():
            watcher.cancel()
        for entry in self.versions:
            entry.wanted = False  # what is loading is not let answer
            if entry.state is not State.UNAVAILABLE:  # else it says already why
                entry.state, entry.reason = State.UNAVAILABLE, ENDING
        await self.versions.changed()
        for entry in self.versions:
            if entry.model is not None:
                await entry.model.close()
        for name, version in list(self._prepared):
            await self.discard(name, version)

    async def _load(self, entry: Version, otherwise: State) -> None:
        """Loads one entry.

        Args:
            entry: What to load; a model that it has goes on if that fails.
            otherwise: Its state if that fails and it has none.
        """
        try:
            model = await self._opener.open(entry.name, entry.version)
        except HikariError as error:
            if not entry.wanted:
                return  # it was unloaded in the meantime
            entry.reason = error.message
            if entry.model is None:
                entry.state = otherwise
            else:
                entry.reason = f"it could not be loaded anew: {error.message}"
            await self.versions.changed()
            raise
        if entry.wanted:
            await self._place(entry, model)
        else:
            await model.close()  # it was unloaded in the meantime

    async def _place(self, entry: Version, model: Model) -> None:
        """Lets a model answer as a version; what answered before ends what it runs."""
        old = entry.model
        entry.model, entry.state, entry.reason, entry.wanted = model, State.READY, "", True
        self._watchers[model] = asyncio.create_task(self._watch(entry, model))
        self._observer.model_serves(model.provenance)
        await self.versions.changed()
        if old is not None:
            await self._drain(old, REPLACED_SECONDS)

    async def _watch(self, entry: Version, model: Model) -> None:
        reason = await model.died()
        if entry.model is model:
            entry.state, entry.reason = State.UNAVAILABLE, reason
            logger.critical("%s", entry)
            self._fail(str(entry))

    async def _drain(self, model: Model, seconds: float) -> None:
        """Lets the calls that run end, for so long, and frees the model."""
        with suppress(TimeoutError):
            await asyncio.wait_for(model.idle(), seconds)
        self._watchers.pop(model).cancel()  # it would hold the model for ever
        await model.close()

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        if self._failed is not None and not self._failed.done():
            self._failed.set_result(self._failure)
