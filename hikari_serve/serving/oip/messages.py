"""A request for an inference and its answer, as both doors translate them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hikari_serve.serving.oip.tensors import Tensor

LONGEST_ID = 1024
"""Characters of a client's own id, which comes back with each response."""

Parameter = bool | int | float | str


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """An output that a request names.

    Attributes:
        name: The tensor.
        classification: How many classes of it to give, the most probable first, as
            `score:index:label`; 0 gives the tensor itself.
    """

    name: str
    classification: int = 0


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What a client asks of a model.

    Attributes:
        model: The model's name.
        version: Its version; empty for the newest.
        id: The client's own id, which comes back with the answer.
        inputs: Its tensors.
        outputs: The outputs that it wants; none wants them all.
        parameters: `priority` and `timeout`, in microseconds.
        deadline: When the client stops waiting, in seconds since the Unix epoch.
        request_id: The id in the log, where `id` is none.
        traceparent: W3C trace context.
    """

    model: str
    version: str = ""
    id: str = ""
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[RequestedOutput, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    deadline: float | None = None
    request_id: str = ""
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class InferResponse:
    """A model's answer, or on a stream a part of it.

    Attributes:
        model: The model's name.
        version: The version that answered.
        id: The request's id.
        outputs: The tensors, in the order in which they were asked for.
        parameters: On a stream: which `item` of the batch and which `stage` a part is of, whether
            it is only the next `words`, and whether it is the last.
    """

    model: str
    version: str
    id: str
    outputs: tuple[Tensor, ...]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


OnPart = Callable[[InferResponse], None]
"""Hears the parts of an answer as they come."""
