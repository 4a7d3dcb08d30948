"""The trie's arithmetic against plain enumeration."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_serve.errors import ConfigError
from hikari_serve.labels.trie import LEAST, AnswerTrie, TokenPath

ANSWERS = [(7, 1, 2, 3, 0), (7, 1, 2, 4, 0), (7, 5, 6, 0)]

BELIEF = {
    (7,): 0.9,
    (7, 1): 0.6,
    (7, 5): 0.2,
    (7, 1, 2): 0.8,
    (7, 5, 6): 0.7,
    (7, 1, 2, 3): 0.5,
    (7, 1, 2, 4): 0.25,
    (7, 5, 6, 0): 0.9,
    (7, 1, 2, 3, 0): 0.95,
    (7, 1, 2, 4, 0): 0.4,
}
"""What a model believes of every token of the answers, behind those before it."""


def logs(belief: Mapping[TokenPath, float]) -> dict[TokenPath, float]:
    return {path: math.log(share) for path, share in belief.items()}


def rounds(
    trie: AnswerTrie, belief: Mapping[TokenPath, float]
) -> tuple[list[list[TokenPath]], dict[TokenPath, float]]:
    """What is read in each round by an engine that reads `belief`, and all that was read."""
    asked: list[list[TokenPath]] = []
    read: dict[TokenPath, float] = {}
    while ends := trie.onward(read):
        asked.append(ends)
        for path in [end[:depth] for end in ends for depth in range(len(end) + 1)]:
            read |= logs({(*path, token): belief[(*path, token)] for token in trie.nexts[path]})
    return asked, read


def test_every_token_that_comes_next_is_known() -> None:
    trie = AnswerTrie.build(ANSWERS)
    assert trie.prefix == (7,)
    assert trie.nexts[()] == (7,)
    assert trie.nexts[7,] == (1, 5)
    assert trie.nexts[7, 1, 2] == (3, 4)
    assert set(trie.nexts) == {answer[:depth] for answer in ANSWERS for depth in range(len(answer))}
    assert trie.widest == 2


def test_answers_are_read_in_rounds_to_where_they_part_and_to_their_ends() -> None:
    asked, read = rounds(AnswerTrie.build(ANSWERS), BELIEF)
    assert asked == [[(7,)], [(7, 1, 2), (7, 5, 6)], [(7, 1, 2, 3), (7, 1, 2, 4)]]
    assert read == logs(BELIEF)


def test_a_label_has_the_probability_of_its_whole_answer() -> None:
    trie = AnswerTrie.build(ANSWERS)
    scores, mass = trie.distribution(rounds(trie, BELIEF)[1])
    whole = [
        math.prod(BELIEF[answer[:depth]] for depth in range(1, len(answer) + 1))
        for answer in ANSWERS
    ]
    assert mass == pytest.approx(sum(whole))
    assert scores == pytest.approx([share / sum(whole) for share in whole])


def test_a_stranger_that_begins_as_a_label_does_is_outside() -> None:
    trie = AnswerTrie.build([(1, 2, 0), (3, 0)])
    read = rounds(trie, {(1,): 0.99, (3,): 0.01, (1, 2): 1e-4, (3, 0): 1, (1, 2, 0): 1})[1]
    scores, mass = trie.distribution(read)
    assert mass == pytest.approx(0.99e-4 + 0.01)
    assert scores[1] > 0.99


def test_a_name_that_goes_on_behind_a_labels_last_word_is_outside() -> None:
    trie = AnswerTrie.build([(1, 0), (3, 0)])
    scores, mass = trie.distribution(logs({(1,): 0.98, (3,): 0.02, (1, 0): 0.1, (3, 0): 0.5}))
    assert mass == pytest.approx(0.098 + 0.01)
    assert scores == pytest.approx([0.098 / 0.108, 0.01 / 0.108])


def test_what_is_too_unlikely_is_not_read_on() -> None:
    belief = BELIEF | {(7, 1): LEAST, (7, 5): 1 - LEAST}
    asked, read = rounds(AnswerTrie.build(ANSWERS), belief)
    assert asked == [[(7,)], [(7, 5, 6)]]
    assert (7, 1, 2) not in read
    just = belief | {(7, 1): 1.2 * LEAST}  # 0.9 of it are more than the least
    assert rounds(AnswerTrie.build(ANSWERS), just)[0][1] == [(7, 1, 2), (7, 5, 6)]


def test_what_was_not_read_makes_nothing_surer() -> None:
    trie = AnswerTrie.build([(1, 2, 0), (3, 0)])
    read = rounds(trie, {(1,): 0.9 * LEAST, (3,): 0.6, (3, 0): 1})[1]
    scores, mass = trie.distribution(read)
    assert mass == pytest.approx(0.6)
    assert scores[0] == pytest.approx(0.9 * LEAST / (0.6 + 0.9 * LEAST))


def test_peaked_scores_with_little_mass_stay_visible() -> None:
    trie = AnswerTrie.build([(1, 0), (2, 0)])
    scores, mass = trie.distribution(logs({(1,): 1e-4, (2,): 1e-9}))
    assert scores[0] > 0.99
    assert mass == 0


def test_very_unlikely_answers_do_not_underflow() -> None:
    trie = AnswerTrie.build([(1, 0), (2, 0)])
    scores, mass = trie.distribution({(1,): -3500.0, (2,): -3501.0})
    assert scores == pytest.approx([math.e / (1 + math.e), 1 / (1 + math.e)])
    assert mass == 0


@given(st.data())
def test_any_set_against_enumeration(data: st.DataObject) -> None:
    """Random answers of three tokens, ended by 0, and a random model of them."""
    words = st.lists(st.integers(1, 3), min_size=1, max_size=4).map(lambda word: (*word, 0))
    answers = data.draw(st.lists(words, min_size=2, max_size=8, unique=True))
    trie = AnswerTrie.build(answers)
    belief: dict[TokenPath, float] = {}
    for path, tokens in trie.nexts.items():
        shares = data.draw(st.lists(st.floats(1e-5, 1), min_size=4, max_size=4))
        for token in tokens:
            belief[(*path, token)] = shares[token] / sum(shares)
    whole = [
        math.prod(belief[answer[:depth]] for depth in range(1, len(answer) + 1))
        for answer in answers
    ]
    asked, read = rounds(trie, belief)
    scores, mass = trie.distribution(read)
    assert sum(scores) == pytest.approx(1)
    assert (scores, mass) == trie.distribution(logs(belief)), "an engine may read on, to no effect"
    assert sum(whole) - len(answers) * LEAST <= mass <= sum(whole) + 1e-9
    assert all(
        answer in read for answer, share in zip(answers, whole, strict=True) if share > LEAST
    )
    for end in asked[-1]:
        assert any(answer[:-1] == end for answer in answers) or len(trie.nexts[end]) > 1
    best = max(range(len(whole)), key=whole.__getitem__)
    if whole[best] > len(answers) * LEAST:
        assert scores[best] <= whole[best] / sum(whole) + 1e-9
        assert scores[best] == pytest.approx(
            whole[best] / sum(whole), abs=len(answers) * LEAST / whole[best]
        )


@pytest.mark.parametrize("answers", [[(1, 2), (1, 2)], [(1,), (1, 2)], [(1, 2)]])
def test_sets_that_cannot_be_told_apart_are_refused(answers: list[tuple[int, ...]]) -> None:
    with pytest.raises(ConfigError):
        AnswerTrie.build(answers)
