"""How much is measured, and what it is held against."""

from dataclasses import dataclass

SEED = 50_000
"""Of the pictures; apart from the seeds that the demo family was trained and judged on."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests and repeats; every pass also has a lead-in and a tail that do not count.

    Attributes:
        repeats: Passes of each kind, taken in turns.
        alone: Requests that count in a pass with one client.
        crowded: Requests that count in a pass, for each of its clients.
        looped: Pictures that count in a pass of the card's loop.
        photographs: Requests that count in a pass over photographs.
        starts: How often each server is started against the clock.
        clients: How many clients ask the server at once, pass by pass; the first is one.
        batched: Clients where batching is looked at; one of `clients`.
    """

    repeats: int
    alone: int
    crowded: int
    looped: int
    photographs: int
    starts: int
    clients: tuple[int, ...] = (1, 4, 8, 16)
    batched: int = 8

    def requests(self, clients: int) -> int:
        """Pictures to send in a pass over drawings: those that count and both ends."""
        counted = self.alone if clients == 1 else self.crowded * clients
        return counted + 2 * clients

    def photographed(self, clients: int) -> int:
        """The same over photographs."""
        return self.photographs + 2 * clients


# Short passes, and many: a machine that others use too is faster in one minute than in another.
FULL = Plan(repeats=5, alone=24, crowded=5, looped=12, photographs=16, starts=3)
QUICK = Plan(repeats=1, alone=6, crowded=2, looped=4, photographs=4, starts=1)
