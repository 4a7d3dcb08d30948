"""Loads and unloads models on this machine: tries, waits for all workers, and then switches."""

import asyncio
import logging
import time
from collections.abc import Collection, Coroutine, Mapping
from typing import Any

from hikari_serve.cascade.loads import LoadedCascade, stages_of
from hikari_serve.errors import ConfigError, DeadlineExceeded, HikariError, NotFound, Unsupported
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.cascades import Cascades
from hikari_serve.serving.control.changes import Changes
from hikari_serve.serving.control.desired import Desired, DesiredFile, Trial
from hikari_serve.serving.control.reports import Failures
from hikari_serve.serving.control.scope import Scope
from hikari_serve.settings import Settings

logger = logging.getLogger(__name__)

AGREE_SECONDS = 900.0
"""Within this every worker must have loaded what is tried, and again must have switched; a process
that is started meanwhile loads first, and 8B weights take minutes."""


class Controller:
    """Changes what is served, one change at a time, whichever API process is asked."""

    def __init__(
        self, file: DesiredFile, settings: Settings, cascades: Mapping[str, LoadedCascade]
    ) -> None:
        """Args:
        file: What the workers follow.
        settings: Says where each stage runs, and in how many processes.
        cascades: Those that are served from the start.
        """
        self._cascades = Cascades(cascades, Repository.of(settings), file)
        self._scope = Scope(settings, stages_of(cascades), self._cascades)
        self._changes = Changes(file, self._scope.workers)
        self._running: set[asyncio.Task[None]] = set()

    def versions(self, model: str) -> list[int]:
        """The versions of a model that are to answer, oldest first."""
        return self._changes.now().versions(model)

    def failures(self, model: str) -> Mapping[int, str]:
        """Why versions of a model could not be loaded when they were to be, last."""
        return self._changes.now().failures.get(model, {})

    def cascades(self) -> Mapping[str, LoadedCascade]:
        """The cascades that are served now; the very same as long as none comes or goes."""
        return self._cascades.now()

    async def load(self, model: str) -> None:
        """Loads a model as it lies in the repository now, or a cascade with the models it needs.

        Of a model those versions that its policy chooses; its others go. What answers goes on until
        all of them can in every worker, and goes on if that fails. A caller who leaves does not
        stop it.

        Args:
            model: A cascade, or a model of one that is served.

        Raises:
            ConfigError: It cannot be loaded; the message says why and where.
            NotFound: There is no such model, or no cascade that is served has it.
            Unsupported: It runs on another machine, or in a stage that has no runner.
            DeadlineExceeded: A worker did not say in time that it followed.
        """
        await self._to_its_end(self._load(model))

    async def unload(self, model: str) -> None:
        """Unloads a model, or a cascade with the models that no other needs.

        What they answer may end first.

        Args:
            model: A cascade, or a model of one that is served.

        Raises:
            NotFound: No cascade that is served has it.
            Unsupported: It runs on another machine, or is the cascade that stays.
            DeadlineExceeded: A worker did not say in time that it followed.
        """
        await self._to_its_end(self._unload(model))

    async def close(self) -> None:
        """Gives up what is being changed."""
        for change in self._running:
            change.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _load(self, model: str) -> None:
        cascade, until = self._scope.is_cascade(model), time.time() + AGREE_SECONDS
        async with self._changes.alone(until) as before:
            plan = self._scope.loading_cascade if cascade else self._scope.loading
            try:
                coming = await asyncio.to_thread(plan, model, before)
            except (NotFound, Unsupported):
                raise
            except HikariError as error:
                there = [1] if model in before.cascades else before.versions(model) or [0]
                self._changes.given_up(before, {model: dict.fromkeys(there, error.message)})
                raise _goes_on(model, error.message) from None
            tried = await self._try(model, before, Trial(stages=coming, until=until))
            cascades = {**before.cascades, model: tried.revision} if cascade else None
            served = self._changes.serving(tried, model, coming, cascades, keep=cascade)
            await self._settled(coming, served)
            logger.info("model %s: loaded", model)

    async def _unload(self, model: str) -> None:
        cascade = self._scope.is_cascade(model)
        async with self._changes.alone(time.time() + AGREE_SECONDS) as before:
            rest = {name: its for name, its in before.cascades.items() if name != model}
            leaving = (self._scope.leaving_cascade if cascade else self._scope.leaving)(model)
            await self._settled(leaving, self._changes.serving(before, model, leaving, rest))
            logger.info("model %s: unloaded", model)

    async def _try(self, model: str, before: Desired, trial: Trial) -> Desired:
        """Has every worker load what is tried; what fails in one is given up in all."""
        tried = self._changes.trying(before, trial)
        try:
            failures = await self._changes.followed(trial.stages, tried.revision, trial.until)
        except DeadlineExceeded as error:
            late = {
                each: dict.fromkeys(versions, error.message)
                for models in trial.stages.values()
                for each, versions in models.items()
            }
            self._changes.given_up(tried, late)
            raise
        except asyncio.CancelledError:
            self._changes.given_up(tried, {})
            raise
        if failures:
            self._changes.given_up(tried, failures)
            raise _goes_on(model, _listed(model, failures))
        return tried

    async def _settled(self, stages: Collection[str], served: Desired) -> None:
        """Waits until every worker serves that, and nothing else."""
        until = time.time() + AGREE_SECONDS
        if failures := await self._changes.followed(stages, served.revision, until):
            listed = _listed("", failures)
            raise HikariError(f"a process that was started meanwhile failed: {listed}")

    async def _to_its_end(self, change: Coroutine[Any, Any, None]) -> None:
        """Waits for a change, which goes on if its caller does not."""
        task = asyncio.create_task(change)
        self._running.add(task)
        task.add_done_callback(self._ended)
        await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """The log says how a change ended, whether or not its caller is still there."""
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("%s", error)


def _listed(model: str, failures: Failures) -> str:
    """Each version that failed; a model is named where it is not this one."""
    return "; ".join(
        f"{'' if each == model else f'{each} '}version {version}: {why}"
        for each, versions in failures.items()
        for version, why in versions.items()
    )


def _goes_on(model: str, why: str) -> ConfigError:
    return ConfigError(f"model '{model}' goes on as it was: {why}")
