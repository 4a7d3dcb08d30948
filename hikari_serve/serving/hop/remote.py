"""A stage that other processes answer, here or on other machines: one or many replicas.

Every call goes to the replica with the least in flight. What was not delivered, broke off before
a word was said, or met one that is unavailable, goes to another; while none can be asked, a call
waits as long as its deadline allows.
"""

import asyncio
import ssl
import time
from collections.abc import Sequence

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
from hikari_serve.serving.hop.endpoints import Endpoint
from hikari_serve.serving.hop.replica import UNCONNECTED, Condition, Needed
from hikari_serve.serving.hop.replicas import COME_BACK_SECONDS, Replicas
from hikari_serve.stage import Hosted, Item, OnText, StageResult

MAX_TRIES = 3
"""How many runners an item may see die before it counts as what kills them."""

MARGIN_SECONDS = 0.05
"""So long before the deadline the caller is told why there is no answer."""


class RemoteStage:
    """A `Stage` of replicas; closing a call cancels its work.

    Attributes:
        replicas: Those that answer.
    """

    def __init__(
        self,
        stage: str,
        addresses: str | Sequence[str],
        token: str = "",
        trust: ssl.SSLContext | None = None,
        needed: Needed = tuple,
        observer: Observer = NOBODY,
    ) -> None:
        """Args:
        stage: The stage.
        addresses: Where its replicas answer, as `resolve` takes them.
        token: What they want to be told; empty for nothing.
        trust: What those by https are trusted by; None leaves it to the system.
        needed: What they may be needed for; anything without it.
        observer: Hears how the replicas are, and of calls that are repeated.
        """
        there = [addresses] if isinstance(addresses, str) else addresses
        self.replicas = Replicas(stage, there, token, trust, needed, observer)
        self._stage = stage
        self._needed = needed
        self._observer = observer

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Answers one item; see `Stage.infer`.

        Raises:
            DeadlineExceeded: A runner works, but did not answer in time.
            Unavailable: None can be asked, or three that were asked died or are unavailable.
        """
        try:
            async with asyncio.timeout(item.deadline - time.time() - MARGIN_SECONDS):
                return await self._infer(item, on_text)
        except TimeoutError:
            if why := self.replicas.why_not():
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
        unfit: set[Endpoint] = set()
        busy: set[Endpoint] = set()
        while True:
            replica = await self.replicas.choose(unfit | busy)
            try:
                heard = None if on_text is None else say
                return await replica.infer(item, heard)
            except (Mismatch, NotFound) as error:
                unfit.add(replica.endpoint)
                if said or not self.replicas.able(unfit | busy):
                    raise self._own(error, item) from None
                self._observer.call_repeated(self._stage, "refused")
            except QueueFull:
                busy.add(replica.endpoint)
                if said or not self.replicas.able(unfit | busy):
                    raise
                self._observer.call_repeated(self._stage, "refused")
            except (aiohttp.ClientError, Unavailable) as error:
                if isinstance(error, Unavailable):  # its engine died, say, and it lives on to tell
                    replica.doubt(error.message)
                self.replicas.lost()
                busy.clear()  # they may answer by now, and they live
                deaths += not isinstance(error, UNCONNECTED)
                if said or deaths == MAX_TRIES:
                    raise self._broken(error) from None
                self._observer.call_repeated(self._stage, "lost")

    def _broken(self, error: aiohttp.ClientError | Unavailable) -> Unavailable:
        """What the caller is told who is not asked again."""
        if isinstance(error, Unavailable):
            return error
        message = f"the {self._stage} runner broke off ({type(error).__name__})"
        return Unavailable(message, retry_after=COME_BACK_SECONDS)

    def _own(self, error: HikariError, item: Item) -> HikariError:
        """What the caller is told: it asked for what there is, if a runner lacks what is needed."""
        needed = any(
            (item.model, item.version) == (each.model, each.version) for each in self._needed()
        )
        if isinstance(error, NotFound) and needed:
            return Mismatch(f"the {self._stage} runner is not what is needed: {error.message}")
        return error

    async def ready(self) -> None:
        """Returns if a replica can be asked now; see `Stage.ready`."""
        await self.replicas.look()
        if not any(each.ready for each in self.replicas):
            raise Unavailable(self.replicas.why_not())

    async def describe(self) -> tuple[Hosted, ...]:
        """Asks a replica; see `Stage.describe`."""
        await self.replicas.look()
        best = self.replicas.best()
        if best is None or best.condition is Condition.DOWN:
            raise Unavailable(self.replicas.why_not() or "no answer")
        return best.hosted

    async def close(self) -> None:
        """Closes the connections."""
        await self.replicas.close()
