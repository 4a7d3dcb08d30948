"""How a classifier comes to a label: by scoring its whole set, or by reading what it writes."""

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from hikari_serve.engines.contract import Generate, Generated, LanguageEngine, Output, Score, Scored
from hikari_serve.errors import EngineFailed
from hikari_serve.labels.calibration import Calibration
from hikari_serve.labels.label_set import Label, LabelSet
from hikari_serve.labels.matching import match_label
from hikari_serve.percent import compared
from hikari_serve.quoting import quoted
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.stage import Classification, Decision


class Naming(ABC):
    """What a classifier wants of its engine, and the label in what comes back.

    Attributes:
        want: What each prompt is answered with.
    """

    want: Score | Generate

    def __init__(self, labels: LabelSet) -> None:
        self._labels = labels.labels

    @abstractmethod
    def read(self, output: Output) -> Classification:
        """The label that an engine's answer comes down to.

        Raises:
            EngineFailed: It cannot be one: what was computed are no numbers.
        """

    def _classification(
        self, best: Label | None, reason: str | None, **found: Any
    ) -> Classification:
        """The result with `best` as its label, or with the `reason` why there is none."""
        decision: Decision = "answered" if best else "unknown"
        return Classification(
            label=best.id if best else None,
            display_name=best.name if best else None,
            names={label.id: label.name for label in self._labels},
            aliases={label.id: label.aliases for label in self._labels if label.aliases},
            groups={label.id: label.group for label in self._labels if label.group},
            decision=decision,
            reason=reason,
            **found,
        )


class ByScore(Naming):
    """Scores every label of the set: exact probabilities, and how much lies outside the set."""

    def __init__(
        self,
        labels: LabelSet,
        settings: ClassifierConfig,
        engine: LanguageEngine,
        calibration: Calibration | None,
    ) -> None:
        super().__init__(labels)
        self._least = settings.min_label_mass
        self._calibration = calibration
        answers = [settings.answer.format(label=label.answer) for label in labels.labels]
        self._trie = engine.answer_trie(answers)
        self.want = Score(self._trie)

    def read(self, output: Output) -> Classification:
        assert isinstance(output, Scored)
        probabilities, mass = self._trie.distribution(output.logprobs)
        if self._calibration:
            probabilities = self._calibration.apply(np.asarray(probabilities)).tolist()
        # NaN is neither less nor more than any limit: it would pass for a sure answer
        if not all(map(math.isfinite, (*probabilities, mass))):
            raise EngineFailed("the model's probabilities are not finite; float16 may overflow")
        ranked = sorted(range(len(self._labels)), key=lambda i: -probabilities[i])
        best, reason = self._labels[ranked[0]], None
        if mass < self._least:
            told, least = compared(mass, self._least)
            reason = (
                f"only {told} of the model's belief lies inside the label set, less than {least}"
            )
        return self._classification(
            None if reason else best,
            reason,
            probability=round(probabilities[ranked[0]], 6),
            scores={self._labels[i].id: round(probabilities[i], 6) for i in ranked},
            label_mass=round(mass, 6),
        )


class ByWords(Naming):
    """Lets the model write, as the card does, and looks for a label in its words.

    Words carry no probability, so the result has none: neither a score nor a label mass.
    """

    def __init__(self, labels: LabelSet, settings: ClassifierConfig) -> None:
        super().__init__(labels)
        self._set = labels
        self.want = Generate(settings.limits.max_new_tokens)

    def read(self, output: Output) -> Classification:
        assert isinstance(output, Generated)
        text, reason = output.text.strip(), None
        label = match_label(text, self._set).label
        if output.finish_reason == "length":
            label = None
            reason = f"the model had not ended after {output.new_tokens} tokens: '{quoted(text)}'"
        elif label is None:
            reason = f"the model wrote '{quoted(text)}', which names no one label of the set"
        best = next((each for each in self._labels if each.id == label), None)
        return self._classification(best, reason, written=text)
