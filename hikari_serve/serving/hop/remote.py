"""A stage that other processes answer, here or on other machines: one or many replicas.

Every call goes to the replica with the least in flight. What was not delivered, or broke off
before a word was said, goes to another; while none can be asked, a call waits as long as its
deadline allows.
"""

import asyncio
import logging
import random
import ssl
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import aiohttp

from hikari_serve.errors import (
    DeadlineExceeded,
    HikariError,
    Mismatch,
    NotFound,
    QueueFull,
    Unavailable,
)
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.serving.hop.endpoints import Endpoint, is_beside, resolve
from hikari_serve.serving.hop.replica import UNCONNECTED, Condition, Needs, Replica
from hikari_serve.stage import Hosted, Item, OnText, StageResult

logger = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
"""How often each replica is asked who it is, and names are resolved again."""

HURRY_SECONDS = 0.2
"""The same while one of them cannot be asked."""

REFUSED_SECONDS = 15.0
"""How long addresses where nobody is count as a server that is being started; after that,
requests no longer wait for it. What our own supervisor starts beside us is waited for as long as
the deadline allows, and so are weights that load."""

MAX_TRIES = 3
"""How many runners an item may see die before it counts as what kills them."""

COME_BACK_SECONDS = 1.0
"""What a caller is told who could not wait any longer."""

MARGIN_SECONDS = 0.05
"""So long before the deadline the caller is told why there is no answer."""


class RemoteStage:
    """A `Stage` of replicas; closing a call cancels its work."""

    def __init__(
        self,
        stage: str,
        addresses: str | Sequence[str],
        token: str = "",
        trust: ssl.SSLContext | None = None,
        needs: Sequence[Needs] = (),
        observer: Observer = NOBODY,
    ) -> None:
        """Args:
        stage: The stage.
        addresses: Where its replicas answer, as `resolve` takes them.
        token: What they want to be told; empty for nothing.
        trust: What those by https are trusted by; None leaves it to the system.
        needs: What they may be needed for: one of these each must meet; none is anything.
        observer: Hears how the replicas are, and of calls that are repeated.
        """
        self._stage = stage
        self._addresses = [addresses] if isinstance(addresses, str) else list(addresses)
        self._beside = all(map(is_beside, self._addresses))
        self._token = token
        self._trust = trust
        self._needs = needs
        self._observer = observer
        self._replicas: dict[Endpoint, Replica] = {}
        self._unresolved = ""
        self._leaving: list[Replica] = []
        self._nobody_since: float | None = None
        self._changed = asyncio.Condition()
        self._lost = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._looked = False

    @property
    def replicas(self) -> tuple[Replica, ...]:
        """Those that there are now."""
        return tuple(self._replicas.values())

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`.

        Raises:
            DeadlineExceeded: A runner works, but did not answer in time.
            Unavailable: None can be asked, or all that were asked died.
        """
        try:
            async with asyncio.timeout(item.deadline - time.time() - MARGIN_SECONDS):
                return await self._infer(item, on_text)
        except TimeoutError:
            if why := self._why_not():
                raise Unavailable(
                    f"the {self._stage} stage cannot answer yet: {why}",
                    retry_after=COME_BACK_SECONDS,
                ) from None
            raise DeadlineExceeded("the deadline passed before this stage answered") from None

    async def _infer(self, item: Item, on_text: OnText | None) -> StageResult:
        said = False

        def say(text: str) -> None:
            nonlocal said
            said = True
            if on_text is not None:
                on_text(text)

        deaths = 0
        refused: set[Endpoint] = set()
        while True:
            replica = await self._choose(refused)
            try:
                return await replica.infer(item, None if on_text is None else say)
            except aiohttp.ClientError as error:
                self._lost.set()  # so that it is looked at anew at once
                deaths += not isinstance(error, UNCONNECTED)
                if said or deaths == MAX_TRIES:
                    kind = type(error).__name__
                    message = f"the {self._stage} runner broke off ({kind})"
                    raise Unavailable(message, retry_after=COME_BACK_SECONDS) from None
                self._observer.call_repeated(self._stage, "lost")
            except (Mismatch, NotFound, QueueFull) as error:
                refused.add(replica.endpoint)
                if said or not self._able(refused):
                    raise self._own(error, item) from None
                self._observer.call_repeated(self._stage, "refused")

    def _own(self, error: HikariError, item: Item) -> HikariError:
        """What the caller is told: it asked for what there is, if a runner lacks what is needed."""
        needed = any(
            (item.model, item.version) == (each.model, each.version) for each in self._needs
        )
        if isinstance(error, NotFound) and needed:
            return Mismatch(f"the {self._stage} runner is not what is needed: {error.message}")
        return error

    async def ready(self) -> None:
        """Returns if a replica can be asked now; see `Stage.ready`."""
        await self._look_now()
        if why := self._why_not():
            raise Unavailable(why)

    async def describe(self) -> tuple[Hosted, ...]:
        """Asks a replica; see `Stage.describe`."""
        await self._look_now()
        best = self._best()
        if best is None or best.condition is Condition.DOWN:
            raise Unavailable(self._why_not() or "no answer")
        return best.hosted

    async def close(self) -> None:
        """Closes the connections."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        for replica in (*self._replicas.values(), *self._leaving):
            await replica.close()

    async def _choose(self, refused: set[Endpoint]) -> Replica:
        """Waits until a replica can be asked, and chooses that with the least in flight.

        Raises:
            Unavailable: Waiting is of no use.
        """
        self._watch()
        while True:
            if able := self._able(refused):
                return min(able, key=lambda each: (each.condition, each.in_flight, random.random()))
            self._give_up()
            async with self._changed:
                await self._changed.wait()

    def _give_up(self) -> None:
        """Raises if waiting is of no use: nobody has been there for long, or nobody is right."""
        if not self._looked:
            return
        since, now = self._nobody_since, time.monotonic()
        if since is not None and not self._beside and now - since > REFUSED_SECONDS:
            message = f"the {self._stage} runner cannot be reached: {self._why_not()}"
            raise Unavailable(message, retry_after=COME_BACK_SECONDS)
        replicas = self._replicas.values()
        if replicas and all(each.condition is Condition.UNFIT for each in replicas):
            message = f"no runner of the {self._stage} stage can be used: {self._why_not()}"
            raise Unavailable(message, retry_after=COME_BACK_SECONDS)

    def _why_not(self) -> str:
        """Why no replica can be asked; empty if one can."""
        best = self._best()
        if best is None:
            return self._unresolved or "no answer"
        return best.why

    def _best(self) -> Replica | None:
        replicas = self._replicas.values()
        return min(replicas, key=lambda each: each.condition, default=None)

    def _able(self, refused: set[Endpoint]) -> list[Replica]:
        """The replicas that can be asked, but for those that refused."""
        return [
            each
            for each in self._replicas.values()
            if each.condition <= Condition.SILENT and each.endpoint not in refused
        ]

    def _watch(self) -> None:
        """Begins to watch the replicas, in the event loop of the first call."""
        if self._watching is None:
            self._watching = asyncio.create_task(self._go_on_looking())

    async def _look_now(self) -> None:
        self._watch()
        if self._looked:
            await self._look()
            return
        async with self._changed:
            await self._changed.wait_for(lambda: self._looked)

    async def _go_on_looking(self) -> None:
        while True:
            try:
                await self._resolve()
                await self._look()
            except Exception:  # the calls that wait for it would wait for ever
                logger.exception("looking for the %s runners failed", self._stage)
            self._looked = True
            async with self._changed:
                self._changed.notify_all()
            calm = all(each.condition is Condition.UP for each in self._replicas.values())
            pause = LOOK_EVERY_SECONDS if calm and self._replicas else HURRY_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._lost.wait()
            self._lost.clear()

    async def _resolve(self) -> None:
        """Takes up the replicas that there are now; those that went are closed when idle."""
        try:
            found = await resolve(self._addresses)
        except (OSError, UnicodeError) as error:
            # a name server that fails now and then takes nobody away
            self._unresolved = f"its name does not resolve ({error})"
            return
        for endpoint in found:
            if endpoint not in self._replicas:
                self._replicas[endpoint] = Replica(
                    self._stage, endpoint, self._needs, self._token, self._trust
                )
        self._unresolved = ""
        for endpoint in set(self._replicas) - set(found):
            self._leaving.append(self._replicas.pop(endpoint))
        for replica in [each for each in self._leaving if not each.in_flight]:
            await replica.close()
            self._leaving.remove(replica)

    async def _look(self) -> None:
        await asyncio.gather(*(each.look() for each in list(self._replicas.values())))
        replicas = self._replicas.values()
        count = Counter(each.condition for each in replicas)
        seen = {condition.name.lower(): count[condition] for condition in Condition}
        self._observer.replicas_seen(self._stage, seen)
        if all(each.condition >= Condition.DOWN for each in replicas):
            self._nobody_since = self._nobody_since or time.monotonic()
        else:
            self._nobody_since = None
