"""No face of the product says more of a share than the number does."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_serve.percent import compared, percent

PAGE = Path(__file__).parents[1] / "hikari_serve" / "serving" / "diagnose" / "page.html"
NODE = shutil.which("node")
SHARES = [0, 1e-7, 0.0004, 0.0005, 0.001, 0.0626, 0.5, 0.99, 0.9994, 0.9995, 0.99989, 0.999999, 1]


@pytest.mark.parametrize(
    ("share", "written"),
    [(0, "0.0%"), (1e-7, "< 0.1%"), (0.5, "50.0%"), (0.99989, "> 99.9%"), (1, "100.0%")],
)
def test_what_is_not_quite_all_or_nothing_is_not_rounded_to_it(share: float, written: str) -> None:
    assert percent(share) == written


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_share_below_a_limit_never_looks_like_it(one: float, other: float) -> None:
    share, limit = min(one, other), max(one, other)
    left, right = compared(share, limit)
    if limit - share >= 1e-8:
        assert left != right
    assert float(left.rstrip("%")) <= float(right.rstrip("%"))


def test_half_below_half() -> None:
    assert compared(0.4996, 0.5) == ("49.96%", "50.00%")
    assert compared(0.33, 0.5) == ("33%", "50%")


@pytest.mark.skipif(NODE is None, reason="node runs the page's own function")
def test_the_page_writes_shares_as_the_report_does() -> None:
    (line,) = re.findall(r"^const percent = .*$", PAGE.read_text(), re.MULTILINE)
    code = f"{line}\nconsole.log(JSON.stringify({json.dumps(SHARES)}.map(percent)))"
    done = subprocess.run([str(NODE), "-e", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [percent(share) for share in SHARES]
