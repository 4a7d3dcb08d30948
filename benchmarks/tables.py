"""Tables in Markdown."""

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table whose first column is words and whose others are numbers."""
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in (head, rule, *rows))


def ms(value: float) -> str:
    """Milliseconds, with a digit after the point below 100."""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"
