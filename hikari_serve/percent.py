"""Shares and other numbers as people read them: the one way of page, report, terminal and reasons.

None may say more than the number does: what is not quite all or nothing is not rounded to it, and
two numbers of which one is smaller are never written alike. The page does the same in JavaScript,
and a test holds both together.
"""

NEARLY_NOTHING, NEARLY_ALL = 0.0005, 0.9995
"""Where a share in percent with one digit would round to 0.0 and to 100.0."""

DIGITS = 6
"""Digits behind the point at which differing numbers are told apart at last: more than any has."""


def percent(share: float) -> str:
    """A share from 0 to 1 in percent, with one digit."""
    if 0 < share < NEARLY_NOTHING:
        return "< 0.1%"
    if NEARLY_ALL <= share < 1:
        return "> 99.9%"
    return f"{share:.1%}"


def decimal(value: float, digits: int) -> str:
    """A number such as a distance or a score; what is not quite 0 or 1 is not rounded to it."""
    written, step = f"{value:.{digits}f}", 10**-digits
    if 0 < value < 1 and float(written) in (0, 1):
        return f"< {step:.{digits}f}" if value < step else f"> {1 - step:.{digits}f}"
    return written


def compared(share: float, limit: float) -> tuple[str, str]:
    """A share and the limit that it does not reach, with as many digits as tell them apart."""
    return _apart(share, limit, "%", least=0)


def compared_decimals(value: float, limit: float) -> tuple[str, str]:
    """The same of two numbers that are no shares."""
    return _apart(value, limit, "f", least=2)


def _apart(value: float, limit: float, form: str, least: int) -> tuple[str, str]:
    for digits in range(least, DIGITS + 1):
        written = _written(value, form, digits), _written(limit, form, digits)
        if written[0] != written[1] or value == limit:
            break
    return written


def _written(value: float, form: str, digits: int) -> str:
    """A number with so many digits, or as many more as show that it is not all or nothing."""
    unit, whole = ("%", 100) if form == "%" else ("", 1)
    for more in range(digits, DIGITS + 1):
        written = f"{value:.{more}{form}}"
        if not 0 < value < 1 or float(written.removesuffix(unit)) not in (0, whole):
            return written
    step = 10**-DIGITS
    near = f"< {step:.{DIGITS}f}" if value < 0.5 else f"> {whole - step:.{DIGITS}f}"
    return near + unit
