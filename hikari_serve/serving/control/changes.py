"""How a change of what is served is made: alone, written as a revision, and followed by all."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager

from hikari_serve.errors import DeadlineExceeded
from hikari_serve.scheduling.locking import acquire
from hikari_serve.serving.control.desired import LEFT, Desired, DesiredFile, Models, Trial
from hikari_serve.serving.control.reports import Failures, Report, told

LOOK_SECONDS = 0.05
"""Between two looks at what the workers say."""


class Changes:
    """The file as those change it who may, one at a time."""

    def __init__(self, file: DesiredFile, workers: Callable[[str], int]) -> None:
        """Args:
        file: What the workers follow.
        workers: How many processes run a stage.
        """
        self._file = file
        self._workers = workers
        self._turn = asyncio.Lock()

    def now(self) -> Desired:
        """What is served."""
        return self._file.read()

    @asynccontextmanager
    async def alone(self, until: float) -> AsyncIterator[Desired]:
        """Waits until nobody else changes the file, in this process or another.

        Args:
            until: When to give up, in seconds since the Unix epoch.

        Yields:
            What is served then.

        Raises:
            DeadlineExceeded: Another change took too long.
        """
        async with self._turn:
            try:
                async with asyncio.timeout(until - time.time()):
                    await acquire(self._file.lock)
            except TimeoutError:
                raise DeadlineExceeded("another change is still being made") from None
            try:
                yield self.now()
            finally:
                self._file.lock.release()

    def trying(self, before: Desired, trial: Trial) -> Desired:
        """Writes what is tried besides what is served."""
        return self._written(before, trial=trial)

    def given_up(self, before: Desired, failures: Failures) -> Desired:
        """Writes that nothing is tried any more, and why versions of models cannot be loaded."""
        return self._written(before, failures={**before.failures, **failures})

    def serving(
        self,
        before: Desired,
        name: str,
        stages: Mapping[str, Models],
        cascades: Mapping[str, int] | None = None,
        *,
        keep: bool = False,
    ) -> Desired:
        """Writes what answers from now on.

        Args:
            before: What was served.
            name: The model or cascade that was asked for, of which no failure is told any more.
            stages: For each stage that changes the models that do, and their versions.
            cascades: The cascades; None leaves them as they are.
            keep: Whether other versions of those models go on.
        """
        served = {stage: dict(models) for stage, models in before.stages.items()}
        for stage, models in stages.items():
            for model, versions in models.items():
                there = served[stage].get(model, {})
                kept = there if keep else dict.fromkeys(there, LEFT)
                served[stage][model] = {**kept, **versions}
        changed = {name, *(model for models in stages.values() for model in models)}
        failures = {each: why for each, why in before.failures.items() if each not in changed}
        cascades = before.cascades if cascades is None else cascades
        return self._written(before, stages=served, failures=failures, cascades=cascades)

    async def followed(self, stages: Collection[str], revision: int, until: float) -> Failures:
        """Waits until every worker of the stages has followed.

        Returns:
            What could not be loaded, why, and in which stages.

        Raises:
            DeadlineExceeded: A worker did not say so in time.
        """
        while True:
            reports = [each for each in told(self._file.folder) if each.revision >= revision]
            missing = {
                stage: f"{have} of {wanted}"
                for stage in stages
                if (wanted := self._workers(stage))
                > (have := sum(each.stage == stage for each in reports))
            }
            if not missing:
                return _failures(each for each in reports if each.stage in stages)
            if time.time() > until:
                listed = ", ".join(f"{have} workers of {each}" for each, have in missing.items())
                raise DeadlineExceeded(f"in time only {listed} have followed")
            await asyncio.sleep(LOOK_SECONDS)

    def _written(self, before: Desired, **changed: object) -> Desired:
        after = before.model_copy(
            update={"trial": None, **changed, "revision": before.revision + 1}
        )
        self._file.write(after)
        return after


def _failures(reports: Iterable[Report]) -> Failures:
    found: dict[str, dict[int, dict[str, None]]] = {}
    for report in reports:
        for model, versions in report.failures.items():
            for version, why in versions.items():
                whys = found.setdefault(model, {}).setdefault(version, {})
                whys[f"{why} (stage {report.stage})"] = None
    return {
        model: {version: "; ".join(whys) for version, whys in versions.items()}
        for model, versions in found.items()
    }
