"""One attack and what came of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tried:
    """An attack.

    Attributes:
        what: What was tried.
        answer: What the server did.
        held: Whether that is what it should do.
    """

    what: str
    answer: str
    held: bool
