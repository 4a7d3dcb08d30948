"""What the data plane asks of each model that it serves, whichever kind it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from hikari_serve.serving.oip.checks import Checked
from hikari_serve.serving.oip.columns import Item
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.serving.oip.signature import Signature
from hikari_serve.serving.oip.values import Value
from hikari_serve.stage import Hosted


@dataclass(frozen=True, slots=True)
class Part:
    """What is known of an item before all of it is.

    Attributes:
        item: Its place in the batch.
        stage: The stage that ended, or that writes.
        values: Its values, by output.
        words: Whether they are only the next words.
    """

    item: int
    stage: str
    values: Mapping[str, Value]
    words: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a model gave.

    Attributes:
        version: The version that answered.
        items: What it found, in the order of the request.
        outputs: The outputs that it can give of this request at all.
    """

    version: str
    items: Sequence[Item]
    outputs: frozenset[str]


class ServedModel(Protocol):
    """A model that is called by its name.

    Attributes:
        signature: What it takes and gives.
    """

    signature: Signature

    async def infer(
        self, request: InferRequest, asked: Checked, tell: Callable[[Part], None] | None
    ) -> Found:
        """Answers a request that fits the signature.

        Raises:
            HikariError: It could not, or an item could not where that is not tolerated.
        """

    async def describe(self) -> Sequence[Hosted]:
        """Its versions, and whether they answer."""
