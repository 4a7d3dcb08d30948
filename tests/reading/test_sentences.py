import pytest

from hikari_serve.reading.phrases import Phrases
from hikari_serve.reading.sentences import sentences, unfinished


def split(text: str) -> list[str]:
    return [
        f"{' '.join(word.text for word in each.words)}{each.ending}" for each in sentences(text)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? Three!", ["one.", "two?", "three!"]),
        ("E.g. eczema vs. acne.", ["e g eczema vs acne."]),
        ("0.5 cm", ["0 5 cm"]),
        ("1. acne", ["1 acne"]),
        ("It isn't; we can't, CANNOT, won’t", ["it is not;", "we can not , can not , will not"]),
        ("Sézary's **naevi**", ["sezarys naevi"]),
        ("plaque ?acne (?)", ["plaque ? acne ( ? )"]),
        ("not\npsoriasis", ["not psoriasis"]),
        ("a red\nplaque", ["a red plaque"]),
        ("Red\n- Plaque\n\nplaque", ["red\n", "- plaque\n", "plaque"]),
        ("not\n\npsoriasis", ["not\n", "psoriasis"]),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_phrases_are_found_word_by_word_and_the_longest_counts() -> None:
    phrases = Phrases({"short": ["is|are not"], "long": ["is ~ not very? seen", "( |?"]})
    assert [each.kind for each in phrases.all(["it", "are", "not"])] == ["short"]
    assert [each.kind for each in phrases.all(["is", "really", "now", "not", "seen"])] == ["long"]
    assert phrases.all(["is", "really", "now", "then", "not", "seen"]) == []
    assert phrases.at(["(", "?"], 0) is not None
    assert phrases.at(["is"], 0) is None
    assert phrases.at([], 0) is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Red. Psoriasis has been", "Psoriasis has been"),
        ("Red; psoriasis", "psoriasis"),
        ("Red, e.g.", "Red, e.g."),
        ("Red. Psoriasis.", ""),
        ("Red\n", ""),
        ("", ""),
    ],
)
def test_where_an_unfinished_sentence_begins(text: str, rest: str) -> None:
    assert text[unfinished(text) :] == rest
