"""Keeps a stage's host as the file says: in every worker of every stage, as long as it lives."""

import asyncio
import logging
import os
import time
from collections.abc import Iterable

from hikari_serve.errors import HikariError
from hikari_serve.serving.control.desired import LEFT, Desired, DesiredFile, Models, Trial
from hikari_serve.serving.control.reports import Report, tell
from hikari_serve.tasks.host import Host

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""Between two looks at the file."""

Key = tuple[str, int]
"""A model and a version of it."""


class Keeper:
    """Loads and unloads what the file says, and tells how far it is."""

    def __init__(self, stage: str, host: Host, first: Models, file: DesiredFile | None) -> None:
        """Args:
        stage: The stage.
        host: Its host, with nothing in it.
        first: What it loads at start.
        file: Says what comes and goes later; None if nothing does.
        """
        self._stage = stage
        self._host = host
        self._file = file
        self._serving: dict[Key, int] = {}
        self._prepared: dict[Key, int] = {}
        self._followed: Desired | None = None
        self._report: Report | None = None
        for key, loaded in _flat(first):
            if loaded == LEFT:
                host.miss(*key)
            else:
                host.want(*key)
                self._serving[key] = loaded

    async def run(self) -> None:
        """Does both at once: what cannot be loaded at start may be changed meanwhile."""
        await asyncio.gather(self.start(), self.follow())

    async def start(self) -> None:
        """Loads what is to be there at start; see `Host.start`."""
        await self._host.start()

    async def follow(self) -> None:
        """Follows the file, for ever, and says so; without one there is nothing to do."""
        failing = False
        while self._file is not None:
            try:
                await self._look(self._file)
                failing = False
            except OSError as error:
                if not failing:
                    logger.error("what is served cannot be followed: %s; trying again", error)
                failing = True
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, file: DesiredFile) -> None:
        desired = file.read()
        trial = desired.trial
        late = bool(self._prepared) and trial is not None and trial.until < time.time()
        if desired is not self._followed or late:
            self._report, self._followed = await self._reach(desired), desired
        report = self._report
        if report is not None and (self._prepared or report.failures or not self._host.loading):
            tell(file.folder, report)
            self._report = None

    async def _reach(self, desired: Desired) -> Report:
        try:
            failures = await self._settle(desired.stages[self._stage])
            failures |= await self._try(desired.trial)
        except Exception as error:
            logger.exception("following revision %d failed", desired.revision)
            failures = {(self._stage, 0): repr(error)}
        by_model: dict[str, dict[int, str]] = {}
        for (model, version), why in failures.items():
            by_model.setdefault(model, {})[version] = why
        return Report(
            stage=self._stage, process=os.getpid(), revision=desired.revision, failures=by_model
        )

    async def _settle(self, models: Models) -> dict[Key, str]:
        """Lets answer what should; what should not leaves when all others do."""
        changed = [(key, to) for key, to in _flat(models) if to != self._serving.get(key, LEFT)]
        coming = [(key, loaded) for key, loaded in changed if loaded != LEFT]
        leaving = [key for key, loaded in changed if loaded == LEFT]
        if failures := await self._prepare(coming):
            return failures  # what answers goes on
        for key, loaded in coming:
            del self._prepared[key]
            self._serving[key] = loaded
        await asyncio.gather(*(self._host.serve(*key) for key, _ in coming))
        for key in leaving:
            del self._serving[key]
        await asyncio.gather(*(self._host.unload(*key) for key in leaving))
        return {}

    async def _try(self, trial: Trial | None) -> dict[Key, str]:
        """Loads what is tried, and lets go of what is tried no more."""
        on = trial is not None and trial.until > time.time()
        wanted = _flat(trial.stages.get(self._stage, {})) if trial is not None and on else []
        for key in self._prepared.keys() - {key for key, _ in wanted}:
            del self._prepared[key]
            await self._host.discard(*key)
        return await self._prepare(wanted)

    async def _prepare(self, wanted: Iterable[tuple[Key, int]]) -> dict[Key, str]:
        """Loads what is not there yet; returns why some of it cannot be."""
        failures = {}
        for key, loaded in wanted:
            if self._prepared.get(key) != loaded:
                try:
                    await self._host.prepare(*key)
                    self._prepared[key] = loaded
                except HikariError as error:
                    failures[key] = error.message
        return failures


def _flat(models: Models) -> list[tuple[Key, int]]:
    return [
        ((model, version), loaded)
        for model, versions in models.items()
        for version, loaded in versions.items()
    ]
