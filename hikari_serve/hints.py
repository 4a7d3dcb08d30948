"""What a mistaken name may have meant: the end of every sentence that refuses one."""

import difflib
from collections.abc import Iterable

LONGEST = 100
"""Characters of a name that may be near another: comparing takes time and memory by the character,
and whoever asks over a network sends as many as they like."""


def hint(
    wrong: str, valid: Iterable[str], *, quote: str = "`", otherwise: str | None = None
) -> str:
    """The nearest valid name as a question, or what there is where none is near.

    Args:
        wrong: The name that was given.
        valid: The names that would be right.
        quote: What stands around the nearest name.
        otherwise: What to say where none is near; None lists them all.
    """
    names = sorted(valid)
    close = difflib.get_close_matches(wrong, names, n=1) if len(wrong) <= LONGEST else []
    if close:
        return f"did you mean {quote}{close[0]}{quote}?"
    return f"there are {', '.join(names)}" if otherwise is None else otherwise
