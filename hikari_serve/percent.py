"""Shares as people read them: the one way that page, report, terminal and reasons write a share.

None may say more than the number does: what is not quite all or nothing is not rounded to it, and
two shares of which one is smaller are never written alike. The page does the same in JavaScript,
and a test holds both together.
"""

NEARLY_NOTHING, NEARLY_ALL = 0.0005, 0.9995
"""Where a share in percent with one digit would round to 0.0 and to 100.0."""

DIGITS = 6
"""Digits behind the point at which shares that differ are told apart at last: more than any has."""


def percent(share: float) -> str:
    """A share from 0 to 1 in percent, with one digit."""
    if 0 < share < NEARLY_NOTHING:
        return "< 0.1%"
    if NEARLY_ALL <= share < 1:
        return "> 99.9%"
    return f"{share:.1%}"


def compared(share: float, limit: float) -> tuple[str, str]:
    """A share and the limit that it does not reach, with as many digits as tell them apart."""
    for digits in range(DIGITS):
        written = f"{share:.{digits}%}", f"{limit:.{digits}%}"
        if written[0] != written[1] or share == limit:
            return written
    return f"{share:%}", f"{limit:%}"
