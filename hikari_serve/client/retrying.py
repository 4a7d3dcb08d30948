"""When the client asks again: where the server said when, or broke off, and until a deadline.

An answer depends on nothing but the request, so asking twice is never wrong.
"""

from typing import TypedDict

import tenacity

from hikari_serve.errors import HikariError, Unavailable

PATIENCE_SECONDS = 30.0

SPREAD = 0.1
"""Share of a wait that is added by chance, so that not all who were sent away return at once."""

LEAST_WAIT_SECONDS = 0.2
"""Between two attempts, whatever the server says: a proxy's `Retry-After` may be 0, or a date that
has passed by this clock."""

_WITHOUT_WORD = tenacity.wait_exponential_jitter(multiplier=0.5, max=8.0)


class BrokeOff(Unavailable):
    """The connection ended in the midst of an answer."""


class Rules(TypedDict):
    """The arguments of tenacity's `Retrying` and `AsyncRetrying`."""

    retry: tenacity.retry_base
    wait: tenacity.wait.wait_base
    stop: tenacity.stop.stop_base
    reraise: bool


def rules(patience: float) -> Rules:
    """How to go on asking.

    Args:
        patience: Seconds after which no new attempt begins.
    """
    return Rules(
        retry=tenacity.retry_if_exception(may_pass),
        wait=_AsTold(),
        stop=tenacity.stop_before_delay(patience),
        reraise=True,
    )


def may_pass(error: BaseException) -> bool:
    """Whether the same request may be answered later: the server sheds load, loads, or restarts."""
    told = isinstance(error, HikariError) and error.retry_after is not None
    return told or isinstance(error, BrokeOff)


class _AsTold(tenacity.wait.wait_base):
    """As long as the server said, with a little by chance; where it said nothing, ever longer."""

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        if isinstance(error, HikariError) and error.retry_after is not None:
            least = max(error.retry_after, LEAST_WAIT_SECONDS)
            return tenacity.wait_random(least, least * (1 + SPREAD))(retry_state)
        return _WITHOUT_WORD(retry_state)
