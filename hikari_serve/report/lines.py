"""What a report says, line by line.

Each line has a tone. `unsure` is whatever a reader must not take for a finding; there is no tone
for good news, because a disease that was found is none.
"""

from typing import Literal, NamedTuple

Tone = Literal["plain", "soft", "unsure", "failed"]

LIKELY = 0.5
"""A label that has no higher probability is not more likely than not, nor shown as a sure one."""


class Line(NamedTuple):
    """One thing to say: under which name, in which words, in which tone."""

    name: str
    text: str
    tone: Tone


def sentence(text: str) -> str:
    """Begins with a capital letter and ends with a stop."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
