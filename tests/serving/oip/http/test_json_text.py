"""A string means the same whether or not it is long enough to be cut out."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from hikari_serve.serving.oip.http.json_text import LONG, Cut, parse

PIECES = ["/", r"\/", r"\n", r"\r", "n", r"\\", r"\"", r"\t", r"\u0041", "A"]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
@example([r"\\", r"\/", "n"])
@example([r"\\", "/", "n"])
@example([r"\\", "n"])
def test_a_long_string_is_what_json_says(pieces: list[str]) -> None:
    text = f'["{"".join(pieces)}{"A" * LONG}"]'
    (found,) = parse(text.encode())
    meant = json.loads(text)[0]
    assert (found.decode() if isinstance(found, Cut) else found) == meant


def test_line_ends_are_cut_out() -> None:
    (found,) = parse(f'["{"A" * LONG}\\r\\n"]'.encode())
    assert isinstance(found, Cut)
