"""The reference cases that a training question quotes, found as in serving."""

import numpy as np
import torch

from demo.training.dataset import Dataset

CASES = 1000
"""Cases to choose from, as many as the casebook has: more would have nearer ones."""


class CaseRetrieval:
    """Finds the lesions of a dataset that the reference encoder takes for nearest to a query.

    Each search sees a handful of its own, so that a query meets good and poor references.

    Args:
        dataset: The pictures.
        embeddings: (N, width), the dataset's pictures as the encoder sees them.
        rng: Draws the cases of each search.
    """

    def __init__(
        self, dataset: Dataset, embeddings: torch.Tensor, rng: np.random.Generator
    ) -> None:
        self._embeddings = embeddings.numpy()
        self._diseases = [case.disease for case in dataset.cases]
        self._lesions = dataset.lesions
        self._rng = rng

    def nearest(self, query: int, count: int, misleading: bool) -> list[int]:
        """Indices of the nearest lesions, best first, without the query itself.

        Args:
            query: Index of the picture to compare with.
            count: How many to return; fewer come back where the dataset is that small.
            misleading: Whether to leave out all of the query's own disease.
        """
        retrieval = self._rng.choice(self._lesions, min(CASES, self._lesions), replace=False)
        scores = self._embeddings[retrieval] @ self._embeddings[query]
        ranked = [int(retrieval[i]) for i in np.argsort(-scores) if retrieval[i] != query]
        if misleading:
            truth = self._diseases[query]
            ranked = [index for index in ranked if self._diseases[index] != truth]
        return ranked[:count]
