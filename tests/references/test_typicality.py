"""How far cases stand from one another, and what that says of a picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hikari_serve.references.typicality import (
    ROWS,
    distance_at,
    distribution,
    nearest_distances,
    typicality,
)


def cases(count: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, 8)).astype(np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def test_each_case_is_compared_with_every_other() -> None:
    rows = cases(ROWS + 7)
    alone = [1 - np.delete(rows @ row, at).max() for at, row in enumerate(rows)]
    assert nearest_distances(rows) == pytest.approx(alone, abs=1e-6)


def test_equal_cases_are_no_distance_apart() -> None:
    assert nearest_distances(np.repeat(cases(1), 3, axis=0)) == pytest.approx([0, 0, 0], abs=1e-6)


def test_a_single_case_says_nothing() -> None:
    assert nearest_distances(cases(1)).shape == (0,)
    assert distribution(nearest_distances(cases(1))) == ()
    assert typicality(0.1, ()) is None


def test_what_is_nearer_or_farther_than_all_cases() -> None:
    nearest = distribution(np.linspace(0.1, 0.3, 500, dtype=np.float32))
    assert typicality(0.0, nearest) == 1
    assert typicality(0.31, nearest) == 0
    assert typicality(0.2, nearest) == pytest.approx(0.5, abs=0.01)
    assert distance_at(0.5, nearest) == pytest.approx(0.2, abs=0.01)


def test_of_pictures_like_the_cases_a_share_of_p_gets_p_or_less() -> None:
    nearest = distribution(nearest_distances(cases(2000)))
    rows, index = cases(1000, seed=1), cases(2000)
    found = [typicality(float(1 - (index @ row).max()), nearest) for row in rows]
    for share in (0.05, 0.2, 0.5):
        assert np.mean([each is not None and each < share for each in found]) == pytest.approx(
            share, abs=0.04
        )


FEW = distribution(np.array([0.10, 0.30, 0.12, 0.13, 0.11], np.float32))


@pytest.mark.parametrize(
    ("distance", "share"), [(0.05, 1), (0.12, 0.6), (0.25, 0.2), (0.3, 0.2), (0.301, 0)]
)
def test_of_few_cases_each_is_counted(distance: float, share: float) -> None:
    assert typicality(distance, FEW) == share


@pytest.mark.parametrize(
    ("share", "distance"), [(0.0, 0.3), (0.05, 0.3), (0.2, 0.3), (0.21, 0.13), (1, 0.1)]
)
def test_of_few_cases_the_distance_is_the_last_that_clears_a_share(
    share: float, distance: float
) -> None:
    assert distance_at(share, FEW) == distance


@pytest.mark.parametrize("count", [5, 10, 20, 50])
def test_of_few_cases_a_rule_withholds_one_picture_in_n_and_one_or_a_twentieth(count: int) -> None:
    withheld = []
    for seed in range(600):
        rows = cases(count + 1, seed)
        share = typicality(
            float(1 - (rows[1:] @ rows[0]).max()), distribution(nearest_distances(rows[1:]))
        )
        withheld.append(share is not None and share < 0.05)
    assert np.mean(withheld) == pytest.approx(max(0.05, 1 / (count + 1)), abs=0.05)


@given(
    st.lists(st.floats(0, 2, width=32), min_size=1, max_size=50), st.floats(0, 2), st.floats(0, 2)
)
def test_farther_is_never_more_typical(distances: list[float], one: float, other: float) -> None:
    nearest = distribution(np.array(distances, np.float32))
    near, far = typicality(min(one, other), nearest), typicality(max(one, other), nearest)
    assert near is not None
    assert far is not None
    assert 0 <= far <= near <= 1
