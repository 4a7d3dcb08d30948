"""The reference cases that a training question quotes, found as in serving."""

import numpy as np
import torch

from hikari_serve.demo.pool import Pool

CASES = 1000
"""Cases to choose from, as many as the casebook has: a larger shelf would have nearer ones."""


class Shelf:
    """Finds the lesions of a pool that the reference encoder takes for nearest to a query.

    Each search sees a handful of its own, so that a query meets good and poor references.

    Args:
        pool: The pictures.
        embeddings: (N, width), the pool's pictures as the encoder sees them.
        rng: Draws the cases of each search.
    """

    def __init__(self, pool: Pool, embeddings: torch.Tensor, rng: np.random.Generator) -> None:
        self._embeddings = embeddings.numpy()
        self._diseases = [case.disease for case in pool.cases]
        self._lesions = pool.lesions
        self._rng = rng

    def nearest(self, query: int, count: int, misleading: bool) -> list[int]:
        """Indices of the nearest lesions, best first, without the query itself.

        Args:
            query: Index of the picture to compare with.
            count: How many to return; fewer come back where the pool is that small.
            misleading: Whether to leave out all of the query's own disease.
        """
        shelf = self._rng.choice(self._lesions, min(CASES, self._lesions), replace=False)
        scores = self._embeddings[shelf] @ self._embeddings[query]
        ranked = [int(shelf[i]) for i in np.argsort(-scores) if shelf[i] != query]
        if misleading:
            truth = self._diseases[query]
            ranked = [index for index in ranked if self._diseases[index] != truth]
        return ranked[:count]
