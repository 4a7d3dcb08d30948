"""The answers of a closed label set as a trie of token ids, and the distribution over them.

The probability of a label is that of its whole answer, the end of the turn included: a name that
only begins as a label's does ("melanoma" as "melanocytic nevi") is not that label. An engine reads
the trie in rounds: first the answers' common beginning and where they part, then on along those
that may still be likely. What it reads of a model is exact, deterministic, and needs no parsing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hikari_serve.errors import ConfigError

LEAST = 1e-3
"""An answer that what was read leaves no more than this is not read to its end."""

TokenPath = tuple[int, ...]
"""Token ids from the end of the prompt on."""

Read = Mapping[TokenPath, float]
"""The natural log of the probability of each path's last token, behind those before it."""


@dataclass(frozen=True, slots=True)
class AnswerTrie:
    """The answers of a label set, and how they part.

    Attributes:
        answers: Token ids of each label's whole answer, the end-of-turn token included.
        prefix: The token ids that every answer begins with; may be empty.
        nexts: For every path that an answer goes on behind, the tokens that come next.
    """

    answers: tuple[TokenPath, ...]
    prefix: TokenPath = field(compare=False)
    nexts: Mapping[TokenPath, tuple[int, ...]] = field(compare=False, repr=False)

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
        nexts: dict[TokenPath, set[int]] = {}
        for row in rows:
            for depth, token in enumerate(row):
                nexts.setdefault(row[:depth], set()).add(token)
        if len(set(rows)) < len(rows) or any(row in nexts for row in rows):
            raise ConfigError("two answers of the label set begin with the same tokens")
        branches = [path for path, tokens in nexts.items() if len(tokens) > 1]
        ordered = {path: tuple(sorted(tokens)) for path, tokens in nexts.items()}
        return cls(rows, min(branches, key=len), ordered)

    @property
    def widest(self) -> int:
        """The most tokens that part at one place."""
        return max(map(len, self.nexts.values()))

    def onward(self, read: Read) -> list[TokenPath]:
        """How far to read next: along each answer that may be likely, to the next parting.

        Args:
            read: What was read so far: `prefix` or nothing of it, and what parts behind it.

        Returns:
            Paths, none the beginning of another; the tokens next to each and to the paths on the
            way to it are to be read. Nothing once every answer is read, or too unlikely.
        """
        ends = set()
        for answer in self.answers:
            depth, log = self._counted(answer, read)
            if depth == len(answer) or log <= math.log(LEAST):
                continue
            while depth < len(answer) - 1 and len(self.nexts[answer[:depth]]) == 1:
                depth += 1
            ends.add(answer[:depth])
        return sorted(ends)

    def distribution(self, read: Read) -> tuple[list[float], float]:
        """Turns what an engine read into probabilities over the labels.

        An answer that became too unlikely at a parting counts among the scores with what it had
        there, whatever else was read of it, and in the mass not at all: neither makes the others
        surer than they are, and engines that read differently far give the same numbers.

        Args:
            read: What was read, until `onward` wanted no more.

        Returns:
            The probability of each answer among those of the set (summing to 1), and
            `label_mass`: the sum of the probabilities of the whole answers, from 0 to 1.
        """
        counted = [self._counted(answer, read) for answer in self.answers]
        top = max(log for _, log in counted)
        weights = [math.exp(log - top) for _, log in counted]
        total = sum(weights)
        whole = (
            log
            for answer, (depth, log) in zip(self.answers, counted, strict=True)
            if depth == len(answer)
        )
        return [weight / total for weight in weights], min(sum(map(math.exp, whole)), 1.0)

    def _counted(self, answer: TokenPath, read: Read) -> tuple[int, float]:
        """How many tokens of an answer count, and the log of their probability.

        All of them, or those up to where it parts from others and either becomes too unlikely or
        was not read on.
        """
        log = 0.0
        for depth in range(1, len(answer) + 1):
            if depth > len(self.prefix) and answer[:depth] not in read:
                return depth - 1, log
            log += read.get(answer[:depth], 0.0)
            parted = depth > len(self.prefix) and len(self.nexts[answer[: depth - 1]]) > 1
            if parted and log <= math.log(LEAST):
                return depth, log
        return len(answer), log
