"""The events of `/diagnose/stream`, from the chunks of its body to typed objects."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from hikari_serve.cascade.report import StageReport
from hikari_serve.client.protocol import Protocol
from hikari_serve.client.retrying import BrokeOff
from hikari_serve.errors import HikariError, Unavailable
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.events import CaptionEvent, DiseaseEvent, References, WordsEvent
from hikari_serve.presentation.parts import GroupAnswer
from hikari_serve.quoting import quoted


class Reconnect(NamedTuple):
    """The request is asked again, and its events begin anew.

    Attributes:
        reason: What went wrong with it before.
    """

    reason: str


EventData = (
    GroupAnswer
    | References
    | DiseaseEvent
    | WordsEvent
    | CaptionEvent
    | StageReport
    | Answer
    | Reconnect
)


class StreamEvent(NamedTuple):
    """Something that happened on the way to an answer.

    Attributes:
        name: `group`, `references`, `disease` or `caption` for those stages; `words` for those
            of a caption as they come; `stage` for any other stage, and for one that has no
            result; `answer` last. `reconnect` is the client's own.
        data: What the event carries; its type tells the events apart as well as the name.
    """

    name: str
    data: EventData


EVENTS: dict[str, TypeAdapter[Any]] = {
    "group": TypeAdapter(GroupAnswer),
    "references": TypeAdapter(References),
    "disease": TypeAdapter(DiseaseEvent),
    "words": TypeAdapter(WordsEvent),
    "caption": TypeAdapter(CaptionEvent),
    "stage": TypeAdapter(StageReport),
    "answer": TypeAdapter(Answer),
}
"""What each event carries."""


class EventReader:
    """Reads server-sent events as the server writes them: an `event` and a `data` line each.

    It splits bytes at newlines only; decoded text would also break at the other line separators
    that Unicode has, which JSON may contain.

    Attributes:
        answered: Whether the answer has come. Nothing follows it, so that a connection which breaks
            then has cost nothing.
    """

    def __init__(self, protocol: Protocol) -> None:
        """Args:
        protocol: Of the conversation that the events belong to.
        """
        self._protocol = protocol
        self._rest = b""
        self.answered = False

    def feed(self, chunk: bytes) -> Iterator[StreamEvent]:
        """The events that this chunk of the body completes.

        Raises:
            HikariError: The server's own error, from an `error` event.
            Unavailable: An event is none of our server's.
        """
        *blocks, self._rest = (self._rest + chunk).split(b"\n\n")
        for block in blocks:
            head, _, data = block.partition(b"\n")
            name = head.removeprefix(b"event: ").decode(errors="replace")
            data = data.removeprefix(b"data: ")
            if name == "error":
                raise self._protocol.error(data) or Unavailable(
                    f"{self._protocol.url} tells an error that is none of our server's: "
                    f"{quoted(data.decode(errors='replace'))}"
                )
            if name in EVENTS:  # a newer server may tell more
                self.answered |= name == "answer"
                yield StreamEvent(name, self._protocol.read(EVENTS[name], data))

    def end(self) -> None:
        """Checks at the end of the body that the answer was in it.

        Raises:
            BrokeOff: It was not.
        """
        if not self.answered:
            raise BrokeOff(f"{self._protocol.url} broke off before the answer was complete")


class Again:
    """Around each attempt at a stream: remembers why one failed, so that the next can tell."""

    def __init__(self) -> None:
        self._reason: str | None = None

    def told(self) -> Iterator[StreamEvent]:
        """The event that a new attempt begins with; none at the first."""
        if self._reason is not None:
            yield StreamEvent("reconnect", Reconnect(self._reason))

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, HikariError):
            self._reason = error.message
