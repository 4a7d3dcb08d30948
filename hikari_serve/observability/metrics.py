"""An observer that counts for Prometheus, of one stage or of the API."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import get_args

from prometheus_client import multiprocess

from hikari_serve.errors import HikariError
from hikari_serve.observability.figures import Figures
from hikari_serve.observer import BatchEnd, Observer, Released, Repeated, RequestEnd, parts_of
from hikari_serve.stage import Classification, Provenance, Retrieval, StageResult


class Metrics(Observer):
    """Counts what it hears."""

    def __init__(self, figures: Figures, stage: str = "") -> None:
        """Args:
        figures: Where it counts.
        stage: The stage that hosts the models it hears of; the API hosts none.
        """
        self._figures = figures
        self._stage = stage
        self._answers: dict[tuple[str, int], tuple[str, ...]] = {}
        self._taking_turns: set[tuple[str, int]] = set()

    def request_ended(self, request: RequestEnd) -> None:
        figures, door = self._figures, request.door
        figures.requests.labels(door, request.outcome, request.cause or "").inc()
        figures.request.labels(door).observe(request.seconds)
        for part, seconds in (("intake", request.intake), ("answer", request.answer)):
            if seconds is not None:
                figures.request_part.labels(door, part).observe(seconds)
        if request.first_event is not None:
            figures.first_event.labels(door).observe(request.first_event)
        if request.first_word is not None:
            figures.first_word.labels(door).observe(request.first_word)

    def picture_read(
        self, cascade: str, form: str, seconds: float, quality: float, content: str
    ) -> None:
        self._figures.pictures.labels(cascade, form).inc()
        self._figures.decode.labels(cascade).observe(seconds)
        self._figures.quality.labels(cascade).observe(quality)

    def picture_refused(self, cascade: str, code: str) -> None:
        self._figures.refused.labels(cascade, code).inc()

    def cascade_serves(self, cascade: str, stages: Iterable[str]) -> None:
        for stage in stages:
            self._figures.stage_waiting.labels(cascade, stage)  # there, and 0, before any request

    def stage_called(self, cascade: str, stage: str, waited: float) -> None:
        self._figures.stage_seconds.labels(cascade, stage, "wait").observe(waited)
        self._figures.stage_waiting.labels(cascade, stage).inc()

    def stage_left(self, cascade: str, stage: str) -> None:
        self._figures.stage_waiting.labels(cascade, stage).dec()

    def replicas_seen(self, stage: str, count: Mapping[str, int]) -> None:
        for condition, number in count.items():
            self._figures.replicas.labels(stage, condition).set(number)
        for why in get_args(Repeated):
            self._figures.repeated.labels(stage, why)

    def call_repeated(self, stage: str, why: Repeated) -> None:
        self._figures.repeated.labels(stage, why).inc()

    def stage_ended(
        self, cascade: str, stage: str, seconds: float, ended: StageResult | HikariError
    ) -> None:
        if isinstance(ended, HikariError):
            self._figures.stage_failures.labels(cascade, stage, ended.code).inc()
            return
        for part, took in parts_of(seconds, ended).items():
            self._figures.stage_seconds.labels(cascade, stage, part).observe(took)
        if isinstance(ended.output, Classification):
            self._classified((cascade, stage), ended.output)
        elif isinstance(ended.output, Retrieval):
            distance = ended.output.nearest_distance
            if distance is not None:
                self._figures.distance.labels(cascade, stage).observe(distance)

    def _classified(self, where: tuple[str, str], found: Classification) -> None:
        self._figures.decisions.labels(*where, found.decision).inc()
        if found.label is not None:
            self._figures.labels.labels(*where, found.label).inc()
        if found.probability is not None:
            self._figures.probability.labels(*where).observe(found.probability)
        if found.label_mass is not None:
            self._figures.label_mass.labels(*where).observe(found.label_mass)

    def queue_changed(self, model: str, version: int, pending: int, running: int) -> None:
        self._figures.pending.labels(self._stage, model, version).set(pending)
        self._figures.running.labels(self._stage, model, version).set(running)

    def item_shared(self, model: str, version: int) -> None:
        self._figures.shared.labels(self._stage, model, version).inc()

    def batch_started(self, model: str, version: int, size: int, why: Released) -> None:
        self._figures.batch_size.labels(self._stage, model, version).observe(size)
        self._figures.batch_released.labels(self._stage, model, version, why).inc()

    def batch_ended(self, batch: BatchEnd) -> None:
        which = self._stage, batch.model, batch.version
        self._figures.batch_seconds.labels(*which).observe(batch.seconds)
        self._figures.prompt_tokens.labels(*which).inc(batch.read_tokens)
        self._figures.new_tokens.labels(*which).inc(batch.new_tokens)

    def cases_shown(self, model: str, version: int, pictures: int) -> None:
        self._figures.cases.labels(self._stage, model, version).inc(pictures)

    def case_decoded(self, model: str, version: int) -> None:
        self._figures.cases_decoded.labels(self._stage, model, version).inc()

    def turn_began(self, model: str, version: int, waited: float) -> None:
        self._figures.turn_wait.labels(self._stage, model, version).observe(waited)
        self._figures.awake.labels(self._stage, model, version).set(1)
        self._taking_turns.add((model, version))

    def turn_ended(self, model: str, version: int) -> None:
        self._figures.awake.labels(self._stage, model, version).set(0)

    def model_loaded(self, model: str, version: int, seconds: float, error: str | None) -> None:
        which = self._stage, model, version
        failures = self._figures.load_failures.labels(*which)  # there from the first load on
        if error is None:
            self._figures.load_seconds.labels(*which).observe(seconds)
        else:
            failures.inc()

    def model_serves(self, provenance: Provenance) -> None:
        which = self._stage, provenance.model, provenance.version
        key = (provenance.model, provenance.version)
        if before := self._answers.get(key):
            self._figures.info.labels(*which, *before).set(0)
        its = provenance.weights, provenance.index or "", provenance.prompt or ""
        self._answers[key] = its
        self._figures.info.labels(*which, *its).set(1)
        if key not in self._taking_turns:  # else it may have lost its first turn already
            self._figures.awake.labels(*which).set(1)
        for each in (self._figures.shared, self._figures.pending, self._figures.running):
            each.labels(*which)  # there, and 0, before any request

    def model_left(self, provenance: Provenance) -> None:
        which = self._stage, provenance.model, provenance.version
        key = (provenance.model, provenance.version)
        before = self._answers.pop(key)
        self._taking_turns.discard(key)
        self._figures.info.labels(*which, *before).set(0)
        self._figures.awake.labels(*which).set(0)


@cache
def figures() -> Figures:
    """Those of this process."""
    return Figures()


def forget_gauges(process: int, folder: Path) -> None:
    """Takes a dead process' gauges off the page of those that live; its counts stay.

    Args:
        process: Its id.
        folder: Where the processes keep what they count.
    """
    multiprocess.mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]
