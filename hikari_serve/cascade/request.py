"""What a caller asks of a cascade, and what it may hear on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hikari_serve.cascade.report import StageEnd, Words
from hikari_serve.stage import DEFAULT_PRIORITY


@dataclass(frozen=True, slots=True)
class Alone:
    """One stage of a cascade, asked by itself: its caller stands for the other stages.

    Attributes:
        stage: The stage.
        version: Of its model; None is the cascade's own.
        inputs: What the other stages would have found, by the model's input names.
        index: Digest of the reference index that case ids among them belong to.
    """

    stage: str
    version: int | None = None
    inputs: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    index: str | None = None


@dataclass(frozen=True, slots=True)
class CascadeRequest:
    """What a caller asks of a cascade.

    Attributes:
        id: The request's id.
        image: The picture's bytes, as they came.
        until: Stage up to which those of the configuration run; None runs all.
        description: Words about the picture, for cascades that compare them with cases.
        cases: Cases to retrieve; 0 is none, None the model's own number.
        timeout_ms: Milliseconds for the whole; None takes the cascade's own.
        priority: From 1, served first, to 9.
        traceparent: W3C trace context.
        words: Whether `on_event` hears words as they come. A call that broke before anybody heard a
            word of it is repeated elsewhere, so that who needs none is better off without.
        taken_in: When its first byte came, in seconds since the Unix epoch; the deadline counts
            from there. None is when the cascade gets it.
        alone: The one stage that is asked, in place of `until` and `cases`.
    """

    id: str
    image: bytes
    until: str | None = None
    description: str | None = None
    cases: int | None = None
    timeout_ms: int | None = None
    priority: int = DEFAULT_PRIORITY
    traceparent: str | None = None
    words: bool = True
    taken_in: float | None = None
    alone: Alone | None = None


Event = Words | StageEnd
OnEvent = Callable[[Event], None]
OnEnd = Callable[[StageEnd], None]
OnBegin = Callable[[], None]
