"""The first reference: the card's own usage, stage after stage and picture after picture."""

import os
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import torch

from benchmarks.card_cascade import CardCascade
from benchmarks.cascade_result import CascadeResult
from benchmarks.passes import Pass, Reply


class CardLoop:
    """The card's cascade in a loop over pictures."""

    def __init__(self, models: Path, cascade: str) -> None:
        self._cascade = CardCascade(models, cascade)

    def choose_threads(self, pictures: Sequence[bytes]) -> int:
        """Settles on as many threads as are fastest: one, or one for each core.

        Small models can lose by sharing a step among cores; the loop is measured at its best.
        """
        best = min((1, os.cpu_count() or 1), key=lambda threads: self._seconds(threads, pictures))
        torch.set_num_threads(best)
        return best

    def measure(self, pictures: Sequence[bytes]) -> Pass[CascadeResult]:
        """One pass over encoded pictures."""
        replies = []
        for index, picture in enumerate(pictures):
            sent = perf_counter()
            [found] = self._cascade.diagnose([picture])
            replies.append(Reply(index, sent, perf_counter(), found))
        return Pass(1, tuple(replies))

    def close(self) -> None:
        """Nothing of it outlives its process."""

    def _seconds(self, threads: int, pictures: Sequence[bytes]) -> float:
        torch.set_num_threads(threads)
        first, *_, last = self.measure(pictures).replies
        return last.ended - first.ended
