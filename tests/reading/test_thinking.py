import pytest

from hikari_serve.reading.thinking import without_thinking


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("acne", "acne"),
        ("<think>no</think>acne", "acne"),
        ("no</think> acne", "acne"),
        ("acne <think>no</think>", "acne"),
        ("<think>a</think>x<think>b</think>y", f"x{' ' * 16}y"),
        ("<think>acne", ""),
        ("acne <think>", ""),
        ("<think></think></think>acne", "acne"),
        ("<think>" * 10_000, ""),
    ],
)
def test_thinking_is_not_said(text: str, spoken: str) -> None:
    found = without_thinking(text)
    assert len(found) == len(text)
    assert found.strip() == spoken
