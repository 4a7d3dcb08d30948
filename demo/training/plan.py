"""How much the demo family is trained."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Plan:
    """How many pictures there are to learn from, and how many steps each phase takes.

    Attributes:
        drawings: Drawings that the stages learn from, and again as many to compare.
        others: Pictures without a lesion beside each of those.
        encoded: Drawings that the reference encoder learns from.
        judged: Fresh drawings that the saved weights are judged on.
        looking: Steps in which the encoder's tower learns to see.
        references: Steps in which the encoder matches pictures with words.
        pretraining: Steps in which the stages' common tower learns to see.
        shared: Steps of the stages' common model on all questions.
        group: Steps of the group model.
        disease: Steps of the disease model.
        comparing: Steps of the disease model on drawings that it does not know.
        caption: Steps of the caption model.
    """

    drawings: int = 12000
    others: int = 3000
    encoded: int = 24000
    judged: int = 200
    looking: int = 4000
    references: int = 250
    pretraining: int = 3000
    shared: int = 450
    group: int = 160
    disease: int = 900
    comparing: int = 270
    caption: int = 450

    def scaled(self, factor: float) -> "Plan":
        """The same plan with `factor` times the work, at least two steps and 20 drawings."""
        least = {"drawings": 20, "encoded": 20, "judged": 20, "others": 6}
        work = {name: round(factor * count) for name, count in asdict(self).items()}
        return Plan(**{name: max(least.get(name, 2), count) for name, count in work.items()})
