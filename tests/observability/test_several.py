"""Several observers hear all that one would."""

import inspect

import pytest

from hikari_serve.observability.several import Several
from hikari_serve.observer import Observer

HEARS = [name for name, it in vars(Observer).items() if inspect.isfunction(it)]
ANSWERS = ["traced", "part_traced"]


class Noted(Observer):
    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []


def _noting(name: str) -> None:
    def note(self: Noted, *said: object, **named: object) -> object:
        self.said.append((name, *said, *named.items()))
        return f"{said[0]}+"

    setattr(Noted, name, note)


for _name in HEARS:
    _noting(_name)


@pytest.mark.parametrize("name", [name for name in HEARS if name not in ANSWERS])
def test_each_hears_everything(name: str) -> None:
    first, second = Noted(), Noted()
    getattr(Several(first, second), name)("one", two="three")
    assert first.said == second.said == [(name, "one", ("two", "three"))]


@pytest.mark.parametrize("name", ANSWERS)
def test_a_context_goes_from_one_to_the_next(name: str) -> None:
    assert getattr(Several(), name)("given") == "given"
    assert getattr(Several(Noted(), Observer(), Noted()), name)("given") == "given++"
