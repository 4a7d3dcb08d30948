"""The replicas of a stage: which there are now, how they are, and waiting for one to ask."""

import asyncio
import logging
import math
import random
import ssl
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from hikari_serve.errors import Unavailable
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.serving.hop.endpoints import Endpoint, is_beside, resolve
from hikari_serve.serving.hop.replica import Condition, Needed, Replica

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
"""How often each replica is asked who it is, and names are resolved again."""

HURRY_SECONDS = 0.2
"""The same while one of them cannot be asked."""

LEAST_SECONDS = 0.1
"""The least time between two looks, however many calls fail meanwhile."""

RESOLVE_SECONDS = 0.2
"""How long a look waits for name servers. One that hangs must not keep us from looking at those
that are known; what it says is taken up at the next look."""

REFUSED_SECONDS = 15.0
"""How long addresses where nobody is count as a server that is being started; after that,
requests no longer wait for it. What our own supervisor starts beside us is waited for as long as
the deadline allows, and so are weights that load."""

COME_BACK_SECONDS = 1.0
"""What a caller is told who could not wait any longer."""


class Replicas:
    """Those that answer at a stage's addresses; iterated, they are those that there are now."""

    def __init__(
        self,
        stage: str,
        addresses: Sequence[str],
        token: str = "",
        trust: ssl.SSLContext | None = None,
        needed: Needed = tuple,
        observer: Observer = NOBODY,
    ) -> None:
        """Args:
        stage: The stage.
        addresses: Where they answer, as `resolve` takes them.
        token: What they want to be told; empty for nothing.
        trust: What those by https are trusted by; None leaves it to the system.
        needed: What they may be needed for; anything without it.
        observer: Hears how they are.
        """
        self._stage = stage
        self._beside = all(map(is_beside, addresses))
        self._token = token
        self._trust = trust
        self._needed = needed
        self._observer = observer
        self._found: dict[str, list[Endpoint]] = {address: [] for address in addresses}
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._unresolved = "its name is not resolved yet"
        self._there: dict[Endpoint, Replica] = {}
        self._leaving: list[Replica] = []
        self._nobody_since: float | None = None
        self._changed = asyncio.Condition()
        self._lost = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._looked_at = -math.inf

    def __iter__(self) -> Iterator[Replica]:
        return iter(self._there.values())

    def able(self, refused: Collection[Endpoint] = ()) -> list[Replica]:
        """Those that can be asked, but for those that refused."""
        return [
            each
            for each in self
            if each.condition <= Condition.SILENT and each.endpoint not in refused
        ]

    def best(self) -> Replica | None:
        """The one that is likeliest to answer, or to be heard of why not."""
        return min(self, key=lambda each: each.condition, default=None)

    def why_not(self) -> str:
        """Why none can be asked; empty if one can."""
        best = self.best()
        return self._unresolved if best is None else best.why

    async def choose(self, refused: Collection[Endpoint]) -> Replica:
        """Waits until one can be asked, and chooses that with the least in flight.

        Args:
            refused: Those that are not to be asked.

        Raises:
            Unavailable: Waiting is of no use.
        """
        self._watch()
        asked = time.monotonic()
        while True:
            if able := self.able(refused):
                return min(able, key=lambda each: (each.condition, each.in_flight, random.random()))
            self._give_up(asked)
            if self._unfit():  # what it lacked may have been loaded just now
                self.lost()
            async with self._changed:
                await self._changed.wait()

    def lost(self) -> None:
        """One broke off: all are looked at soon, for it may be one of many at one address."""
        self._lost.set()

    async def look(self) -> None:
        """Asks all of them how they are now."""
        self._watch()
        if self._looked_at > -math.inf:
            await self._look()
            return
        async with self._changed:
            await self._changed.wait_for(lambda: self._looked_at > -math.inf)

    async def close(self) -> None:
        """Ends looking, and closes the connections."""
        if self._watching is not None:
            ending = [self._watching, *self._resolving.values()]
            for task in ending:
                task.cancel()
            await asyncio.wait(ending)
        for replica in (*self, *self._leaving):
            await replica.close()

    def _give_up(self, asked: float) -> None:
        """Raises if waiting is of no use: nobody has been there for long, or nobody is right.

        Args:
            asked: Since when the caller waits; what was seen before may be right by now.
        """
        since, now = self._nobody_since, time.monotonic()
        if since is not None and not self._beside and now - since > REFUSED_SECONDS:
            message = f"the {self._stage} runner cannot be reached: {self.why_not()}"
            raise Unavailable(message, retry_after=COME_BACK_SECONDS)
        if self._unfit() and self._looked_at >= asked:
            message = f"no runner of the {self._stage} stage can be used: {self.why_not()}"
            raise Unavailable(message, retry_after=COME_BACK_SECONDS)

    def _unfit(self) -> bool:
        """Whether all are there, and none is right."""
        return bool(self._there) and all(each.condition is Condition.UNFIT for each in self)

    def _watch(self) -> None:
        """Begins to look, in the event loop of the first call."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._go_on_looking())

    async def _go_on_looking(self) -> None:
        while True:
            began = time.monotonic()
            try:
                await self._resolve()
                await self._look()
            except Exception:  # the calls that wait for it would wait for ever
                logger.exception("looking for the %s runners failed", self._stage)
            self._looked_at = began
            async with self._changed:
                self._changed.notify_all()
            calm = self._there and all(each.condition is Condition.UP for each in self)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_SECONDS if calm else HURRY_SECONDS):
                    await self._lost.wait()
            await asyncio.sleep(began + LEAST_SECONDS - time.monotonic())
            self._lost.clear()

    async def _resolve(self) -> None:
        """Takes up those that there are now; those that went are closed when idle."""
        for address in set(self._found) - set(self._resolving):
            self._resolving[address] = asyncio.create_task(self._resolve_one(address))
        if self._resolving:
            await asyncio.wait(self._resolving.values(), timeout=RESOLVE_SECONDS)
        found = list(dict.fromkeys(each for those in self._found.values() for each in those))
        for endpoint in found:
            if endpoint not in self._there:
                self._there[endpoint] = Replica(
                    self._stage, endpoint, self._needed, self._token, self._trust
                )
        for endpoint in set(self._there) - set(found):
            self._leaving.append(self._there.pop(endpoint))
        for replica in [each for each in self._leaving if not each.in_flight]:
            await replica.close()
            self._leaving.remove(replica)

    async def _resolve_one(self, address: str) -> None:
        try:
            self._found[address] = await resolve(address)
        except (OSError, UnicodeError) as error:
            # a name server that fails now and then takes nobody away
            self._unresolved = f"{address} does not resolve ({error})"
        finally:
            del self._resolving[address]

    async def _look(self) -> None:
        await asyncio.gather(*(each.look() for each in list(self)))
        count = Counter(each.condition for each in self)
        seen = {condition.name.lower(): count[condition] for condition in Condition}
        self._observer.replicas_seen(self._stage, seen)
        if all(each.condition >= Condition.DOWN for each in self):
            self._nobody_since = self._nobody_since or time.monotonic()
        else:
            self._nobody_since = None
