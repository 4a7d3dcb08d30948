"""The two questions that scoring and writing ask an engine about one call's prompt."""

from collections.abc import AsyncIterator, Sequence
from typing import Protocol


class Session(Protocol):
    """Requests to the engine that answer one call; they share its prompt, adapter and priority.

    Cancelling a method aborts its request in the engine.
    """

    async def logprobs(self, then: Sequence[int], of: Sequence[int]) -> list[float]:
        """Log-probabilities of some tokens behind the prompt and `then`.

        They are those of the model's whole vocabulary, before any temperature.

        Raises:
            HikariError: The engine refused the prompt, failed or died.
        """

    def write(self, then: Sequence[int], at_most: int, until: frozenset[int]) -> AsyncIterator[int]:
        """The tokens that the model writes behind the prompt and `then`, greedily.

        Args:
            then: What it has written already.
            at_most: Tokens to write.
            until: Tokens behind which it stops; that one comes as well.

        Raises:
            HikariError: The engine refused the prompt, failed or died.
        """
