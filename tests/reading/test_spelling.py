import pytest

from hikari_serve.reading.spelling import mended


@pytest.mark.parametrize(
    ("word", "cue"),
    [
        ("posible", "possible"),
        ("rulled", "ruled"),
        ("exlcuded", "excluded"),
        ("unlikly", "unlikely"),
    ],
)
def test_a_mistyped_cue_is_mended(word: str, cue: str) -> None:
    assert mended(word) == cue


@pytest.mark.parametrize(
    "word", ["", "scale", "ruled", "topical", "thanks", "plaque", "r" * 70_000, "?", "ejected"]
)
def test_other_words_stay(word: str) -> None:
    assert mended(word) == word
