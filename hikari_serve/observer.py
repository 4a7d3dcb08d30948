"""What happens inside, as whoever counts, traces or logs hears it; by default nobody does.

The queue, the cascade and the doors call an `Observer`. It must be quick and raise nothing: it
stands on the way of every request. A trace context is W3C's `traceparent`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from hikari_serve.errors import HikariError
from hikari_serve.stage import Provenance, StageResult

TRACEPARENT = re.compile(
    "(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})"
)
"""W3C's header: trace, span and flags after a version, of which the first two are not all zeros."""

Door = Literal["diagnose", "diagnose_stream", "api", "oip_http", "oip_grpc"]
"""The protocols by which a question comes."""

Outcome = Literal["complete", "partial", "abstained", "error", "cancelled"]
"""How a request ended: an answer's status, an error, or a client that left before."""

Released = Literal["full", "work", "drained", "patience"]
"""Why a batch began as small as it was: it had all the items, or all the tokens, that the engine
takes; nobody else was waiting; or one more item was waited for as long as that paid."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long one stage of a request took, in seconds.

    Attributes:
        stage: The stage.
        began: From the request's head to the call.
        waited: From the start of the graph until the stage's inputs were there.
        seconds: From the call to the end, the hop included.
        error: The code of what it failed with.
        trace: The trace context that it was called with.
        result: What it found, if anything.
        item: The picture that it ran for, counted from 0 in the order of the request.
    """

    stage: str
    began: float
    waited: float
    seconds: float
    error: str | None = None
    trace: str | None = None
    result: StageResult | None = None
    item: int = 0

    @property
    def parts(self) -> Mapping[str, float]:
        """Those of `seconds`, where the stage has a result; see `parts_of`."""
        return parts_of(self.seconds, self.result) if self.result else {}


@dataclass(frozen=True, slots=True)
class PictureTime:
    """A picture of a request, and when it was decoded, in seconds.

    Attributes:
        began: From the request's head to its bytes.
        seconds: From there to the views that the stages see.
        content: SHA-256 of its file, in hexadecimal.
        item: Its place in the request, counted from 0.
    """

    began: float
    seconds: float
    content: str
    item: int = 0


def parts_of(seconds: float, result: StageResult) -> dict[str, float]:
    """The parts of a stage's time, in seconds.

    `prepare`: making the engine's request; `queue`: waiting for the engine; `compute`: in it;
    `read`: reading its answer; `hop`: the rest, the way there and back.

    Args:
        seconds: From the call to the end.
        result: What the stage answered.
    """
    parts = {
        "prepare": result.prepare_ms / 1000,
        "queue": result.queue_ms / 1000,
        "compute": result.compute_ms / 1000,
        "read": result.read_ms / 1000,
    }
    # Work that is shared with an earlier call began before this one.
    return {**parts, "hop": max(0.0, seconds - sum(parts.values()))}


@dataclass(frozen=True, slots=True)
class RequestEnd:
    """How a request ended.

    Attributes:
        id: The request's id.
        traceparent: The trace context that it came with.
        door: The protocol that it came by.
        outcome: How it ended.
        cause: The error's code, if it ended with one.
        seconds: From its head to the last byte of the answer.
        first_event: To the first event of a streamed answer.
        first_word: To the first words of a stage that generates.
        stages: Those of its stages that ended, in that order, for each of its pictures.
        pictures: Those of its pictures that were decoded.
        trace: The trace context that it went on with; see `Observer.traced`.
    """

    id: str
    traceparent: str | None
    door: Door
    outcome: Outcome
    cause: str | None
    seconds: float
    first_event: float | None = None
    first_word: float | None = None
    stages: tuple[StageTime, ...] = ()
    pictures: tuple[PictureTime, ...] = ()
    trace: str | None = None

    @property
    def intake(self) -> float | None:
        """Seconds until all was read that was sent; None if that was in vain."""
        begins = [each.began for each in self.pictures]
        begins += [each.began - each.waited for each in self.stages]
        return max(0.0, min(begins)) if begins else None

    @property
    def answer(self) -> float | None:
        """Seconds from the last stage's end to the last byte of the answer; None without stages."""
        ends = [each.began + each.seconds for each in self.stages]
        return max(0.0, self.seconds - max(ends)) if ends else None


@dataclass(frozen=True, slots=True)
class ItemEnd:
    """How an item ended at its model; moments are those of `time.monotonic`.

    Attributes:
        model: The model.
        version: Its version.
        traceparent: The trace context that it came with.
        trace: The one that it went on with; see `Observer.traced`.
        began: When it came.
        ended: When it ended.
        parts: From when to when it was in which part; see `parts_of`.
        batch_size: How many items the engine ran together; 0 if it did not come so far.
        error: The code of what it failed with.
    """

    model: str
    version: int
    traceparent: str | None
    trace: str | None
    began: float
    ended: float
    parts: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    batch_size: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class BatchEnd:
    """How a batch ended at its engine.

    Attributes:
        model: The engine's model.
        version: Its version.
        seconds: How long it took.
        read_tokens: Tokens of the prompts, image tokens included.
        new_tokens: Tokens that were written.
        members: The trace contexts of its items, where they have any.
    """

    model: str
    version: int
    seconds: float
    read_tokens: int
    new_tokens: int
    members: tuple[str, ...] = ()


Repeated = Literal["lost", "refused"]
"""Why a call is repeated: nobody took it or its replica died, or it was refused by one that is full
or not what was asked for."""


class Observer:
    """Hears everything and forgets it; subclasses keep what they are for."""

    def traced(self, given: str | None) -> str | None:
        """The trace context of a request that begins now.

        Args:
            given: The one that it begins in; what nobody traces goes on with that.
        """
        return given

    def part_traced(self, whole: str | None) -> str | None:
        """The trace context of a part that begins now.

        Args:
            whole: The one of what it is a part of; what nobody traces goes on with that.
        """
        return whole

    def request_ended(self, request: RequestEnd) -> None:
        """A request was answered or refused, or nobody waited for it any more."""

    def picture_read(
        self, cascade: str, form: str, seconds: float, quality: float, content: str
    ) -> None:
        """A picture was decoded, and its views were made.

        Args:
            cascade: The cascade that it was sent to.
            form: What it is, such as `JPEG`.
            seconds: How long that took.
            quality: How fit it is to be judged, from 0 to 1.
            content: SHA-256 of its file, in hexadecimal.
        """

    def picture_refused(self, cascade: str, code: str) -> None:
        """A picture was refused with the error of that code."""

    def cascade_serves(self, cascade: str, stages: Iterable[str]) -> None:
        """A cascade answers from now on, with these stages; none of them was asked yet."""

    def stage_called(self, cascade: str, stage: str, waited: float) -> None:
        """A stage is asked, so many seconds after the graph began: its inputs are there."""

    def stage_left(self, cascade: str, stage: str) -> None:
        """Nobody waits any more for a stage that was asked, whether it ended or not."""

    def replicas_seen(self, stage: str, count: Mapping[str, int]) -> None:
        """How many replicas of a stage this process sees in each condition."""

    def call_repeated(self, stage: str, why: Repeated) -> None:
        """A call goes to another replica, or to the same one again."""

    def stage_ended(
        self, cascade: str, stage: str, seconds: float, ended: StageResult | HikariError
    ) -> None:
        """A stage of a cascade's run ended.

        Args:
            cascade: The cascade.
            stage: The stage.
            seconds: From the call to the end, the hop included.
            ended: What it found, or why there is nothing.
        """

    def queue_changed(self, model: str, version: int, pending: int, running: int) -> None:
        """The queue in front of an engine changed.

        Args:
            model: The engine's model.
            version: Its version.
            pending: Items that wait, prepared or not.
            running: Items that are being computed.
        """

    def item_shared(self, model: str, version: int) -> None:
        """An item is the same as one in flight, and is computed with it."""

    def batch_started(self, model: str, version: int, size: int, why: Released) -> None:
        """An engine began a batch of so many items."""

    def batch_ended(self, batch: BatchEnd) -> None:
        """An engine ended a batch."""

    def item_done(self, item: ItemEnd) -> None:
        """An item was answered by its model, or failed there."""

    def cases_shown(self, model: str, version: int, pictures: int) -> None:
        """A prompt shows pictures of reference cases."""

    def case_decoded(self, model: str, version: int) -> None:
        """One of those pictures was not at hand, and was decoded."""

    def turn_began(self, model: str, version: int, waited: float) -> None:
        """A model has its device, after so many seconds; it woke in them."""

    def turn_ended(self, model: str, version: int) -> None:
        """A model sleeps: another may have the device."""

    def model_loaded(self, model: str, version: int, seconds: float, error: str | None) -> None:
        """A version was loaded, or failed to, which `error` then says."""

    def model_serves(self, provenance: Provenance) -> None:
        """A version answers from now on, with that provenance."""

    def model_left(self, provenance: Provenance) -> None:
        """A version was unloaded."""


NOBODY = Observer()
"""The observer of those who name none."""
