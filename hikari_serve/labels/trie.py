"""The answers of a closed label set as a trie of token ids, and the distribution over them.

Scoring a trie instead of generating gives each label its exact probability under decoding that
is constrained to the label set: it sums to 1, is deterministic, and needs no parsing. Only nodes
with several children are read; what lies between them is forced. The mass that the model puts
outside the children is kept, because it says how far the model's own answer lies from the set.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hikari_serve.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Branch:
    """A node with several children.

    Attributes:
        path: Token ids from the end of the prompt to this node.
        children: The next token ids, each leading to other labels.
    """

    path: tuple[int, ...]
    children: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AnswerTrie:
    """The branching nodes of a label set's answers, the root first.

    Attributes:
        answers: Token ids of each label's whole answer, the end-of-turn token included.
        branches: Every branching node; `branches[0].path` is the answers' common beginning.
    """

    answers: tuple[tuple[int, ...], ...]
    branches: tuple[Branch, ...]

    @classmethod
    def build(cls, answers: Sequence[Sequence[int]]) -> "AnswerTrie":
        """Builds the trie of at least two answers.

        Raises:
            ConfigError: Two answers have the same tokens, or one is the beginning of another,
                so that the set cannot be told apart.
        """
        rows = tuple(tuple(answer) for answer in answers)
        if len(rows) < 2:
            raise ConfigError("a label set needs at least two answers")
        for index, row in enumerate(rows):
            for other in rows[index + 1 :]:
                short = min(len(row), len(other))
                if row[:short] == other[:short]:
                    raise ConfigError("two answers of the label set begin with the same tokens")
        depths = range(max(map(len, rows)))
        paths = sorted({row[:depth] for row in rows for depth in depths}, key=lambda p: (len(p), p))
        branches = []
        for path in paths:
            nexts = {
                row[len(path)] for row in rows if row[: len(path)] == path and len(row) > len(path)
            }
            if len(nexts) > 1:
                branches.append(Branch(path, tuple(sorted(nexts))))
        return cls(rows, tuple(branches))

    @property
    def prefix(self) -> tuple[int, ...]:
        """The token ids that every answer begins with; may be empty."""
        return self.branches[0].path

    def distribution(
        self, prefix_logprob: float, logprobs: Sequence[Sequence[float]]
    ) -> tuple[list[float], float]:
        """Turns what an engine read into probabilities over the labels.

        Args:
            prefix_logprob: Log-probability of `prefix`.
            logprobs: For each branch, the raw log-probabilities of its children.

        Returns:
            The probability of each answer (summing to 1), and `label_mass`: how much of the
            model's own belief lies inside the label set, the prefix included, from 0 to 1.
        """
        local: dict[tuple[int, ...], float] = {}
        raw: dict[tuple[int, ...], float] = {}
        for branch, row in zip(self.branches, logprobs, strict=True):
            top = max(row)
            norm = top + math.log(sum(math.exp(value - top) for value in row))
            for token, value in zip(branch.children, row, strict=True):
                raw[(*branch.path, token)] = value
                local[(*branch.path, token)] = value - norm
        scores = [math.exp(_along(answer, local)) for answer in self.answers]
        mass = sum(math.exp(prefix_logprob + _along(answer, raw)) for answer in self.answers)
        return scores, min(mass, 1.0)


def _along(answer: tuple[int, ...], values: dict[tuple[int, ...], float]) -> float:
    """Sums the values of the branch children that an answer passes; forced tokens count 0."""
    return sum(values.get(answer[:depth], 0.0) for depth in range(1, len(answer) + 1))
