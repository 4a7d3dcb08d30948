"""How long to wait for a fuller batch: learned, never fixed.

An engine that runs one static batch at a time takes about `a * n + b` seconds for n items: `a`
is each item's own cost, `b` what a batch costs whatever its size. Waiting for one more item is
worth it only if it is expected so soon that the waiting of all costs less than sharing `b` saves.
"""

import math
from collections.abc import Callable
from time import monotonic


class Batching:
    """Learns the engine's latency and the arrivals, and says when a batch should start."""

    DECAY = 0.9
    """Weight of the past against the newest batch or arrival; about the last ten count."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._sums = [0.0] * 5  # decayed sums of 1, n, t, n*n, n*t over finished batches
        self._last_arrival = -math.inf
        self._gap = math.inf

    def arrived(self) -> None:
        """Notes that an item came."""
        now = self._clock()
        gap = now - self._last_arrival
        self._gap = (
            gap if math.isinf(self._gap) else self._gap + (1 - self.DECAY) * (gap - self._gap)
        )
        self._last_arrival = now

    def finished(self, size: int, seconds: float) -> None:
        """Notes that a batch of `size` items took `seconds`."""
        new = (1.0, size, seconds, size * size, size * seconds)
        self._sums = [self.DECAY * old + value for old, value in zip(self._sums, new, strict=True)]

    def latency(self) -> tuple[float, float]:
        """The current estimate of (a, b), in seconds: least squares over the recent batches."""
        count, n, t, nn, nt = self._sums
        if not count:
            return 0.0, 0.0
        spread = count * nn - n * n
        if spread < 1e-6 * nn * count:
            return t / n, 0.0  # batches of one size only: all of it may be per item
        a = min(max((count * nt - n * t) / spread, 0.0), t / n)
        return a, (t - a * n) / count

    def patience(self, size: int) -> float:
        """Seconds to wait for one more item before starting a batch of `size`; 0 starts now.

        With a gap g until the next arrival, waiting delays `size` items by g + a and saves the
        newcomer the rest of this batch and a `b` of its own: it pays while
        b > (size + 1) * g + size * a.
        """
        a, b = self.latency()
        gap = max(self._gap, self._clock() - self._last_arrival)
        limit = (b - size * a) / (size + 1)
        return limit if gap < limit else 0.0

    def wait_for(self, items: int, max_batch: int, concurrency: int) -> float:
        """Seconds until `items` waiting items are done, for a `Retry-After`.

        Args:
            items: How many wait.
            max_batch: The most of them in a batch.
            concurrency: Batches that run at once, each as fast as was learned.
        """
        a, b = self.latency()
        return (items * a + math.ceil(items / max_batch) * b) / concurrency
