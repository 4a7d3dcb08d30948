"""Several observers in the place of one: each hears everything."""

import inspect
from collections.abc import Callable

from hikari_serve.observer import Observer


class Several(Observer):
    """Passes on what it hears."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def traced(self, given: str | None) -> str | None:
        """What the one of them that traces says."""
        for each in self._observers:
            given = each.traced(given)
        return given

    def part_traced(self, whole: str | None) -> str | None:
        """What the one of them that traces says."""
        for each in self._observers:
            whole = each.part_traced(whole)
        return whole


def _passing_on(name: str) -> Callable[..., None]:
    def pass_on(self: Several, *said: object, **named: object) -> None:
        for each in self._observers:
            getattr(each, name)(*said, **named)

    return pass_on


for _name, _it in vars(Observer).items():
    if inspect.isfunction(_it) and _name not in vars(Several):
        setattr(Several, _name, _passing_on(_name))
