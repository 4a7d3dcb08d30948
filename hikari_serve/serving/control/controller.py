"""Loads and unloads models on this machine: tries, waits for all workers, and then switches."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from hikari_serve.cascade.graph import Graph, Node
from hikari_serve.cascade.loads import chosen
from hikari_serve.errors import ConfigError, DeadlineExceeded, HikariError, NotFound, Unsupported
from hikari_serve.hints import hint
from hikari_serve.quoting import quoted
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.changes import Changes
from hikari_serve.serving.control.desired import Desired, DesiredFile, Trial
from hikari_serve.serving.control.fits import check_room, check_same
from hikari_serve.settings import HERE, Settings

logger = logging.getLogger(__name__)

AGREE_SECONDS = 900.0
"""Within this every worker must have loaded what is tried, and again must have switched; a process
that is started meanwhile loads first, and 8B weights take minutes."""


class Controller:
    """Changes what is served, one change at a time, whichever API process is asked."""

    def __init__(self, file: DesiredFile, settings: Settings, graph: Graph) -> None:
        """Args:
        file: What the workers follow.
        settings: Says where each stage runs, and in how many processes.
        graph: Of the served cascade.
        """
        self._settings = settings
        self._graph = graph
        self._repository = Repository.of(settings)
        self._changes = Changes(file, self._workers)
        self._running: set[asyncio.Task[None]] = set()

    def versions(self, model: str) -> list[int]:
        """The versions of a model that are to answer, oldest first."""
        return self._changes.now().versions(model)

    def failures(self, model: str) -> Mapping[int, str]:
        """Why versions of a model could not be loaded when they were to be, last."""
        return self._changes.now().failures.get(model, {})

    async def load(self, model: str) -> None:
        """Loads the versions that the model's policy chooses now, and unloads its others.

        What answers goes on until all of them can in every worker, and goes on if that fails. A
        caller who leaves does not stop it.

        Args:
            model: One of the served cascade's models.

        Raises:
            ConfigError: A version cannot be loaded; the message says why and where.
            NotFound: The cascade has no such model.
            Unsupported: It runs on another machine.
            DeadlineExceeded: A worker did not say in time that it followed.
        """
        await self._to_its_end(self._load(model, self._nodes(model)))

    async def unload(self, model: str) -> None:
        """Unloads all versions of a model; what they answer may end first.

        Args:
            model: One of the served cascade's models.

        Raises:
            NotFound: The cascade has no such model.
            Unsupported: It runs on another machine.
            DeadlineExceeded: A worker did not say in time that it followed.
        """
        await self._to_its_end(self._unload(model, self._nodes(model)))

    async def close(self) -> None:
        """Gives up what is being changed."""
        for change in self._running:
            change.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _load(self, model: str, nodes: Sequence[Node]) -> None:
        until = time.time() + AGREE_SECONDS
        stages = tuple(node.name for node in nodes)
        async with self._changes.alone(until) as before:
            versions = await self._possible(before, model, nodes)
            loaded = dict.fromkeys(versions, before.revision + 1)
            trial = Trial(model=model, stages=stages, versions=loaded, until=until)
            tried = await self._try(before, trial)
            await self._settled(stages, self._changes.serving(tried, model, stages, loaded))
            logger.info("model %s: loaded %s", model, ", ".join(map(str, versions)))

    async def _unload(self, model: str, nodes: Sequence[Node]) -> None:
        stages = tuple(node.name for node in nodes)
        async with self._changes.alone(time.time() + AGREE_SECONDS) as before:
            await self._settled(stages, self._changes.serving(before, model, stages, {}))
            logger.info("model %s: unloaded", model)

    async def _possible(self, before: Desired, model: str, nodes: Sequence[Node]) -> list[int]:
        """The versions to load; why none can be is remembered for the index."""
        try:
            return await asyncio.to_thread(self._versions, model, nodes)
        except HikariError as error:
            there = before.versions(model) or [0]
            self._changes.given_up(before, model, dict.fromkeys(there, error.message))
            raise _goes_on(model, error.message) from None

    def _versions(self, model: str, nodes: Sequence[Node]) -> list[int]:
        """What to load, where all is well that can be known before."""
        config = self._repository.config(model)
        check_same(config, nodes[0].config)
        versions = chosen(config, [node.version for node in nodes], self._repository)
        here = self._settings.here(self._graph.steps)
        beside = [node.config for node in self._graph.nodes if node.name in here]
        processes = sum(self._workers(node.name) for node in nodes)
        cascade = self._settings.cascade
        check_room(self._repository, cascade, config, versions, beside, processes)
        return versions

    async def _try(self, before: Desired, trial: Trial) -> Desired:
        """Has every worker load what is tried; what fails in one is given up in all."""
        tried = self._changes.trying(before, trial)
        failures: Mapping[int, str] = {}
        try:
            failures = await self._changes.followed(trial.stages, tried.revision, trial.until)
        except DeadlineExceeded as error:
            late = dict.fromkeys(trial.versions, error.message)
            self._changes.given_up(tried, trial.model, late)
            raise
        except asyncio.CancelledError:
            self._changes.given_up(tried, trial.model, {})
            raise
        if failures:
            self._changes.given_up(tried, trial.model, failures)
            listed = "; ".join(f"version {each}: {why}" for each, why in failures.items())
            raise _goes_on(trial.model, listed)
        return tried

    async def _settled(self, stages: Sequence[str], served: Desired) -> None:
        """Waits until every worker serves that, and nothing else."""
        until = time.time() + AGREE_SECONDS
        if failures := await self._changes.followed(stages, served.revision, until):
            raise HikariError(f"a process that was started meanwhile failed: {failures}")

    def _nodes(self, model: str) -> list[Node]:
        """The stages that run a model, all of them on this machine."""
        if model == self._settings.cascade:
            raise Unsupported(
                f"cascade '{model}' is served as long as the server runs; its models come and go"
            )
        nodes = [node for node in self._graph.nodes if node.config.name == model]
        if not nodes:
            names = [node.config.name for node in self._graph.nodes]
            near = hint(model, names, quote="'")
            raise NotFound(f"'{quoted(model)}' is no model of the served cascade's stages; {near}")
        for node in nodes:
            place = self._settings.of_stage(node.name).runner
            if place not in HERE:
                raise Unsupported(
                    f"model '{model}' runs on another machine ({place}), which shares no file "
                    "with this server: set HIKARI_LOAD where its stage is started, and roll it out"
                )
        return nodes

    def _workers(self, stage: str) -> int:
        """How many processes run a stage."""
        its = self._settings.of_stage(stage)
        return self._settings.workers if its.runner == "inline" else its.workers

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


def _goes_on(model: str, why: str) -> ConfigError:
    return ConfigError(f"model '{model}' goes on as it was: {why}")
