"""Shares and other numbers as people read them: the one way of page, report, terminal and reasons.

None may say more than the number does: what is not quite all or nothing is not rounded to it, and
two numbers of which one is smaller are never written alike. The page does the same in JavaScript,
and a test holds both together.
"""

import math

DIGITS = 6
"""Digits behind the point at which differing numbers are told apart at last: more than any has."""


def percent(share: float) -> str:
    """A share from 0 to 1 in percent, with one digit."""
    return f"{_short(100 * share, 1, whole=100)}%"


def decimal(value: float, digits: int) -> str:
    """A number such as a distance or a score; what is not quite 0 or 1 is not rounded to it."""
    return _short(value, digits, whole=1)


def compared(share: float, limit: float) -> tuple[str, str]:
    """A share and the limit that it does not reach, with as many digits as tell them apart."""
    left, right = _apart(100 * share, 100 * limit, least=0, whole=100)
    return f"{left}%", f"{right}%"


def compared_decimals(value: float, limit: float) -> tuple[str, str]:
    """The same of two numbers that are no shares."""
    return _apart(value, limit, least=2, whole=1)


def _rounded(value: float, digits: int) -> str:
    """A number with so many digits, a half rounded up.

    `format` and JavaScript's `toFixed` do not agree on a half: counted in whole steps, no half is
    left for them.
    """
    steps = math.floor(value * 10**digits + 0.5)
    return f"{steps / 10**digits:.{digits}f}"


def _misleads(value: float, written: str, whole: int) -> bool:
    """Whether a number is written as nothing or all, and is neither."""
    return 0 < value < whole and float(written) in (0, whole)


def _short(value: float, digits: int, whole: int) -> str:
    """A number with so many digits, or on which side of all or nothing it is."""
    written, step = _rounded(value, digits), 10**-digits
    if not _misleads(value, written, whole):
        return written
    return f"< {step:.{digits}f}" if value < whole / 2 else f"> {whole - step:.{digits}f}"


def _long(value: float, digits: int, whole: int) -> str:
    """A number with so many digits, or as many more as show that it is not all or nothing."""
    while digits < DIGITS and _misleads(value, _rounded(value, digits), whole):
        digits += 1
    return _short(value, digits, whole)


def _apart(value: float, limit: float, least: int, whole: int) -> tuple[str, str]:
    for digits in range(least, DIGITS + 1):
        written = _long(value, digits, whole), _long(limit, digits, whole)
        if written[0] != written[1] or value == limit:
            break
    return written
