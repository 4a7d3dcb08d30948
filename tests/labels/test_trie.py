"""The trie's arithmetic against plain enumeration."""

import math

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.labels.trie import AnswerTrie, Branch

ANSWERS = [(7, 1, 2, 3, 0), (7, 1, 2, 4, 0), (7, 5, 6, 0)]


def test_only_nodes_with_several_children_are_read() -> None:
    trie = AnswerTrie.build(ANSWERS)
    assert trie.prefix == (7,)
    assert trie.branches == (Branch((7,), (1, 5)), Branch((7, 1, 2), (3, 4)))


def test_scores_sum_to_one_and_mass_is_what_lies_inside() -> None:
    trie = AnswerTrie.build(ANSWERS)
    root, deep = (0.6, 0.2), (0.5, 0.25)
    scores, mass = trie.distribution(
        math.log(0.9), [list(map(math.log, root)), list(map(math.log, deep))]
    )
    assert scores == pytest.approx([0.75 * 2 / 3, 0.75 / 3, 0.25])
    assert mass == pytest.approx(0.9 * (0.6 * 0.5 + 0.6 * 0.25 + 0.2))


def test_peaked_scores_with_little_mass_stay_visible() -> None:
    trie = AnswerTrie.build([(1, 0), (2, 0)])
    scores, mass = trie.distribution(0.0, [[math.log(1e-4), math.log(1e-9)]])
    assert scores[0] > 0.99
    assert mass < 1e-3


def test_very_unlikely_answers_do_not_underflow() -> None:
    trie = AnswerTrie.build([(1, 0), (2, 0)])
    scores, mass = trie.distribution(-2000.0, [[-1500.0, -1501.0]])
    assert sum(scores) == pytest.approx(1)
    assert mass == 0


@pytest.mark.parametrize("answers", [[(1, 2), (1, 2)], [(1,), (1, 2)], [(1, 2)]])
def test_sets_that_cannot_be_told_apart_are_refused(answers: list[tuple[int, ...]]) -> None:
    with pytest.raises(ConfigError):
        AnswerTrie.build(answers)
