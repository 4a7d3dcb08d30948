"""The versions of models in one process, and waiting for one that answers."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from hikari_serve.errors import NotFound, Unavailable
from hikari_serve.stage import Item, State
from hikari_serve.tasks.model import Model

RETRY_SECONDS = 1.0
"""When to ask again for a model that is loading."""

MARGIN_SECONDS = 0.05
"""So long before its deadline an item is told that its model still loads: in time to be heard."""


@dataclass(slots=True, eq=False)
class Version:
    """A version of a model in this process.

    Attributes:
        name: The model.
        version: Its version.
        state: Whether it answers.
        reason: Why it does not, or why it could not be loaded anew.
        model: What answers, once ready.
        wanted: Whether the stage is not ready without it.
    """

    name: str
    version: int
    state: State = State.LOADING
    reason: str = ""
    model: Model | None = None
    wanted: bool = True

    def __str__(self) -> str:
        """What state it is in, as a sentence."""
        return f"model '{self.name}' is {self.state}" + (f": {self.reason}" if self.reason else "")


class Versions:
    """A table of versions by model and number; iterated in that order."""

    def __init__(self) -> None:
        self._table: dict[tuple[str, int], Version] = {}
        self._changed = asyncio.Condition()

    def __iter__(self) -> Iterator[Version]:
        return iter([self._table[key] for key in sorted(self._table)])

    def __len__(self) -> int:
        return len(self._table)

    def entry(self, name: str, version: int) -> Version:
        """That of a version, entered if it is not there."""
        return self._table.setdefault((name, version), Version(name, version))

    def find(self, name: str, version: int | None) -> list[Version]:
        """The entries of a model, or that of one version.

        Raises:
            NotFound: There is none.
        """
        found = [each for each in self if each.name == name and version in (None, each.version)]
        if not found:
            there = ", ".join(f"{each.name}/{each.version}" for each in self)
            which = f"version {version} of model" if version else "model"
            raise NotFound(f"{which} '{name}' is not hosted here; hosted: {there or 'nothing'}")
        return found

    async def answering(self, item: Item) -> Model:
        """What answers an item, as soon as it can: of several versions the newest.

        Raises:
            NotFound: What it asks for is not here.
            Unavailable: It is not ready, and the deadline leaves no time to wait.
        """
        while True:
            chosen = self.find(item.model, item.version)
            for entry in reversed(chosen):
                if entry.model is not None and entry.state is State.READY:
                    return entry.model
            loading = [entry for entry in chosen if entry.state is State.LOADING]
            newest = (loading or chosen)[-1]
            if not loading:
                raise Unavailable(str(newest))
            try:
                left = item.deadline - time.time() - MARGIN_SECONDS
                async with asyncio.timeout(left), self._changed:
                    await self._changed.wait()
            except TimeoutError:
                raise Unavailable(str(newest), retry_after=RETRY_SECONDS) from None

    async def changed(self) -> None:
        """Tells who waits that an entry is not as it was."""
        async with self._changed:
            self._changed.notify_all()
