"""One pass: some clients, each of which sends its next request when it has the last one's answer.

Only what happens while every client is busy counts: a pass leaves out the first answer for each
client, which came from an empty server, and the last, which came from an emptying one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Generic, TypeVar

import numpy as np

Question = TypeVar("Question")
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Reply(Generic[T]):
    """One answered request.

    Attributes:
        index: Which of the pass's requests it was.
        sent: When it was sent, in seconds of a clock that the pass shares.
        ended: When its answer was there.
        answer: The answer.
    """

    index: int
    sent: float
    ended: float
    answer: T

    @property
    def ms(self) -> float:
        """Milliseconds from the request to its answer."""
        return (self.ended - self.sent) * 1000


@dataclass(frozen=True, slots=True)
class Pass(Generic[T]):
    """What a pass gave; `replies` are in the order in which they came."""

    clients: int
    replies: tuple[Reply[T], ...]

    @property
    def steady(self) -> tuple[Reply[T], ...]:
        """The replies that count."""
        return self.replies[self.clients : -self.clients]

    @property
    def rate(self) -> float:
        """Answers in a second while every client was busy."""
        began, ended = self.replies[self.clients - 1].ended, self.steady[-1].ended
        return len(self.steady) / (ended - began)

    def read(self, parse: Callable[[T], U]) -> "Pass[U]":
        """The same pass with answers that were parsed when the clock had stopped."""
        replies = tuple(
            Reply(reply.index, reply.sent, reply.ended, parse(reply.answer))
            for reply in self.replies
        )
        return Pass(self.clients, replies)


@dataclass(frozen=True, slots=True)
class Speed:
    """Several passes of one kind together.

    Attributes:
        clients: Requests in flight at once.
        rates: Answers a second, of each pass.
        p50: Median latency over all passes, in milliseconds.
        p99: 99th percentile of the same.
        requests: How many requests counted.
    """

    clients: int
    rates: tuple[float, ...]
    p50: float
    p99: float
    requests: int

    @classmethod
    def of(cls, passes: Sequence[Pass[T]]) -> "Speed":
        """Sums passes up."""
        latencies = [reply.ms for each in passes for reply in each.steady]
        p50, p99 = np.percentile(latencies, (50, 99)).tolist()
        rates = tuple(each.rate for each in passes)
        return cls(passes[0].clients, rates, p50, p99, len(latencies))

    @property
    def rate(self) -> float:
        """Answers a second, median of the passes."""
        return median(self.rates)


async def closed_loop(
    ask: Callable[[Question], Awaitable[T]], questions: Sequence[Question], clients: int
) -> Pass[T]:
    """Asks all questions with so many clients.

    Args:
        ask: Sends one question and waits for its answer.
        questions: What to ask; more than two for each client.
        clients: How many ask at once.
    """
    left = iter(enumerate(questions))
    replies: list[Reply[T]] = []

    async def client() -> None:
        for index, question in left:
            sent = perf_counter()
            answer = await ask(question)
            replies.append(Reply(index, sent, perf_counter(), answer))

    await asyncio.gather(*(client() for _ in range(clients)))
    return Pass(clients, tuple(replies))
