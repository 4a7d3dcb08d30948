"""Whether a picture stands farther from every case than the cases stand from one another.

The measure goes after conformal p-values (Bates et al., "Testing for outliers with conformal
p-values", Annals of Statistics 51, 2023): of pictures like the cases, a share of about `p` gets
less than `p`. Where the cases are few it is more: one in about `n` + 1 is farther than all `n`. The
embeddings need no scale for it, so that one rule fits every encoder and every index.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PERCENTILES = 101
"""The distances of this many cases and more are kept as percentiles, from the 0th to the 100th."""

ROWS = 512
"""Cases that are compared with all others at once: 200 MB for 100,000 cases."""


def nearest_distances(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each case is from the nearest other one.

    Args:
        embeddings: [count, dim], rows of length 1.

    Returns:
        One minus the cosine similarity, from 0 to 2, [count]; empty for a single case.
    """
    if len(embeddings) < 2:
        return np.empty(0, np.float32)
    nearest = []
    for start in range(0, len(embeddings), ROWS):
        similarity = embeddings[start : start + ROWS] @ embeddings.T
        rows = np.arange(len(similarity))
        similarity[rows, start + rows] = -1.0  # not with itself
        nearest.append(1 - similarity.max(axis=1))
    return np.concatenate(nearest).clip(0.0, 2.0)


def distribution(distances: NDArray[np.float32]) -> tuple[float, ...]:
    """The distances, as `typicality` reads them, ascending: each, or of many the percentiles."""
    found = np.sort(distances)
    if len(found) > PERCENTILES:
        found = np.percentile(found, np.linspace(0, 100, PERCENTILES))
    return tuple(round(float(value), 6) for value in found)


def typicality(distance: float, nearest: Sequence[float]) -> float | None:
    """The share of an index's cases whose nearest other one is at least so far away.

    Args:
        distance: From a picture to its nearest case.
        nearest: What `distribution` made of the index.

    Returns:
        From 0, farther than any of the cases, to 1; None where the index has a single case. It is
        counted where each distance is kept, and between two percentiles interpolated.
    """
    if not nearest:
        return None
    below = bisect_left(nearest, distance)
    if len(nearest) < PERCENTILES:
        return round(1 - below / len(nearest), 4)
    if below in (0, len(nearest)):
        return 1.0 if below == 0 else 0.0
    low, high = nearest[below - 1], nearest[below]
    share = (below - 1 + (distance - low) / (high - low)) / (len(nearest) - 1)
    return round(1 - share, 4)


def distance_at(share: float, nearest: Sequence[float]) -> float:
    """The farthest distance whose typicality is `share` or more: the other way round."""
    if len(nearest) < PERCENTILES:
        return nearest[-max(1, math.ceil(round(share * len(nearest), 6)))]
    return float(np.interp(1 - share, np.linspace(0, 1, len(nearest)), nearest))
