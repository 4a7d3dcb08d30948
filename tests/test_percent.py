"""No face of the product says more of a share than the number does."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_serve.percent import compared, compared_decimals, decimal, percent

PAGE = Path(__file__).parents[1] / "hikari_serve" / "serving" / "diagnose" / "page.html"
NODE = shutil.which("node")
NUMBERS = [
    *(step / 10_000 for step in range(-10_000, 20_001)),
    *(1e-7, 0.000499999, 0.99949999, 0.99989, 0.999999, 1 - 2**-53, 0.9995 - 2**-53),
]
"""All that have four digits, the halves of two and three among them, and what is beside a bound."""


@pytest.mark.parametrize(
    ("share", "written"),
    [(0, "0.0%"), (1e-7, "< 0.1%"), (0.5, "50.0%"), (0.99989, "> 99.9%"), (1, "100.0%")],
)
def test_what_is_not_quite_all_or_nothing_is_not_rounded_to_it(share: float, written: str) -> None:
    assert percent(share) == written


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0, 3, "0.000"),
        (0.0004, 3, "< 0.001"),
        (0.001, 3, "0.001"),
        (0.9996, 3, "> 0.999"),
        (0.996, 2, "> 0.99"),
        (0.99, 2, "0.99"),
        (1, 2, "1.00"),
        (1.9999, 3, "2.000"),
        (-0.25, 3, "-0.250"),
    ],
)
def test_a_decimal_is_not_rounded_to_nothing_or_one(
    value: float, digits: int, written: str
) -> None:
    assert decimal(value, digits) == written


@pytest.mark.parametrize(
    ("share", "written"), [(0.0025, "0.3%"), (0.0035, "0.4%"), (0.9825, "98.3%"), (0.5005, "50.1%")]
)
def test_a_half_is_rounded_up(share: float, written: str) -> None:
    assert percent(share) == written
    assert decimal(share * 100, 1) == written.removesuffix("%")


@given(st.floats(0, 2), st.floats(0, 2))
def test_a_decimal_beside_a_limit_never_looks_like_it(value: float, limit: float) -> None:
    left, right = compared_decimals(value, limit)
    assert left != right or abs(value - limit) < 1e-5
    assert (number(left) < number(right)) == (left != right and value < limit)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_share_below_a_limit_never_looks_like_it(one: float, other: float) -> None:
    share, limit = min(one, other), max(one, other)
    left, right = compared(share, limit)
    if limit - share >= 1e-8:
        assert left != right
    assert number(left) <= number(right)


@given(st.floats(0, 1), st.floats(0, 1))
def test_what_is_compared_is_not_rounded_to_all_or_nothing(one: float, other: float) -> None:
    for value, share, plain in zip(
        (one, other), compared(one, other), compared_decimals(one, other), strict=True
    ):
        assert number(share) not in (0, 100) or value in (0, 1)
        assert number(plain) not in (0, 1) or value in (0, 1)


@pytest.mark.parametrize(
    ("share", "limit", "written"),
    [
        (0.00003, 0.5, ("0.003%", "50%")),
        (0.98, 0.999, ("98%", "99.9%")),
        (1e-12, 0.95, ("< 0.000001%", "95%")),
        (0, 1, ("0%", "100%")),
    ],
)
def test_a_share_in_a_reason(share: float, limit: float, written: tuple[str, str]) -> None:
    assert compared(share, limit) == written


def number(written: str) -> float:
    """What a text says; "< 0.001" is a little less than that."""
    beside = {"<": -1e-9, ">": 1e-9}.get(written[0], 0)
    return float(written.strip("<> %")) + beside


def test_half_below_half() -> None:
    assert compared(0.4996, 0.5) == ("49.96%", "50.00%")
    assert compared(0.33, 0.5) == ("33%", "50%")


@pytest.mark.skipif(NODE is None, reason="node runs the page's own functions")
@pytest.mark.parametrize(
    ("call", "written"),
    [
        ("percent(each)", percent),
        ("decimal(each, 2)", lambda value: decimal(value, 2)),
        ("decimal(each, 3)", lambda value: decimal(value, 3)),
    ],
)
def test_the_page_writes_numbers_as_the_report_does(
    call: str, written: Callable[[float], str]
) -> None:
    lines = re.findall(r"^const (?:rounded|short|percent|decimal) = .*$", PAGE.read_text(), re.M)
    code = "\n".join([*lines, f"{json.dumps(NUMBERS)}.map((each) => {call})"])
    assert in_node(code) == list(map(written, NUMBERS))


def in_node(code: str) -> object:
    """What the last line of a script comes to."""
    before, _, last = code.rpartition("\n")
    script = f"{before}\nconsole.log(JSON.stringify({last}))"
    done = subprocess.run(
        [str(NODE), "-"], input=script, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
