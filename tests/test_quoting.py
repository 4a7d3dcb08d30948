"""What is shown of what was sent is short, on one line, and nothing that a terminal obeys."""

from hypothesis import given
from hypothesis import strategies as st

from hikari_serve.quoting import escaped, quoted


@given(st.text())
def test_any_text_is_one_short_line(text: str) -> None:
    assert quoted(text).isprintable()
    assert len(quoted(text)) <= 101
    assert escaped(text).isprintable()
    if text.isprintable():
        assert escaped(text) == text


def test_values_are_shown_as_far_as_they_help() -> None:
    assert quoted(0) == "0"
    assert quoted("soon") == "soon"
    assert quoted("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    assert quoted([1] * 1_000_000) == "a list of 1000000"
    assert quoted("x" * 1_000_000) == "x" * 100 + "…"
