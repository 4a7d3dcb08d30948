"""What somebody sent, as a sentence or a line of the log may show it."""

MOST = 100
"""Characters of a value that are shown."""


def quoted(value: object) -> str:
    """The value cut to 100 characters, on one line, with what a terminal would obey escaped."""
    text = value if isinstance(value, str) else _beginning(value)
    cut = escaped(text[:MOST])
    return cut[:MOST] + "…" if len(text) > MOST or len(cut) > MOST else cut


def escaped(text: str) -> str:
    r"""The text with `\n`, `\x1b` and the like in place of the characters that they stand for."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def _beginning(value: object) -> str:
    if isinstance(value, list | dict | tuple):
        return f"a {'list' if not isinstance(value, dict) else 'object'} of {len(value)}"
    return repr(value) if isinstance(value, int | float | bool | None) else type(value).__name__
