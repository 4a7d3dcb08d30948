"""What happens inside, as whoever counts, traces or logs hears it; by default nobody does.

The queue, the cascade and the doors call an `Observer`. It must be quick and raise nothing: it
stands on the way of every request.
"""

from hikari_serve.errors import HikariError
from hikari_serve.stage import StageResult


class Observer:
    """Hears everything and forgets it; subclasses keep what they are for."""

    def request_ended(self, door: str, outcome: str, cause: str | None, seconds: float) -> None:
        """A request was answered or refused.

        Args:
            door: The protocol that it came by, such as `diagnose`.
            outcome: The answer's status, or `error`.
            cause: The error's code, if there was one.
            seconds: From the request's head to the answer.
        """

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

    def batch_started(self, model: str, version: int, size: int, waiting: int) -> None:
        """An engine began a batch.

        Args:
            model: Its model.
            version: Its version.
            size: Items in the batch.
            waiting: Items that wait on behind it.
        """

    def batch_ended(self, model: str, version: int, size: int, seconds: float) -> None:
        """An engine ended a batch, after so many seconds."""

    def model_loaded(self, model: str, version: int, seconds: float, error: str | None) -> None:
        """A version was loaded, or failed to, which `error` then says."""


NOBODY = Observer()
"""The observer of those who name none."""
