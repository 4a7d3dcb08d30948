"""Puts the pictures to the whole cascade, as it is served."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from demo.evaluation.questions import Questions
from demo.evaluation.trials import Picture, Trial, ask, misled
from hikari_serve.cascade.execution import Cascade
from hikari_serve.repository.repository import Repository

REFERENCES = 3
"""Cases that mislead: as many as the demo cascade retrieves."""


@dataclass(frozen=True)
class Study:
    """The trials, by what was asked.

    Attributes:
        clear: Clear drawings through the whole cascade.
        mixed: Mixed drawings, as far as the disease.
        hard: Hard drawings, as far as the disease.
        alone: The same hard drawings without references.
        misled: The same hard drawings with references that are all of other diseases.
        others: Pictures without a lesion, by kind, as far as the disease.
    """

    clear: Sequence[Trial]
    mixed: Sequence[Trial]
    hard: Sequence[Trial]
    alone: Sequence[Trial]
    misled: Sequence[Trial]
    others: Mapping[str, Sequence[Trial]]


def trials(questions: Questions) -> int:
    """How many answers a study of these questions takes."""
    drawings = len(questions.clear) + len(questions.mixed) + 3 * len(questions.hard)
    return drawings + sum(map(len, questions.others.values()))


async def run_study(
    cascade: Cascade, repository: Repository, questions: Questions, step: Callable[[], None]
) -> Study:
    """Asks the cascade everything.

    Args:
        cascade: What answers.
        repository: Where its configuration lies.
        questions: The pictures.
        step: Called after each answer.
    """
    wrong = misled(cascade, repository, questions.hard, REFERENCES)

    async def disease(pictures: Sequence[Picture], references: int | None = None) -> list[Trial]:
        return await ask(cascade, pictures, step, until="disease", references=references)

    return Study(
        clear=await ask(cascade, questions.clear, step),
        mixed=await disease(questions.mixed),
        hard=await disease(questions.hard),
        alone=await disease(questions.hard, references=0),
        misled=await ask(wrong, questions.hard, step, until="disease"),
        others={kind: await disease(seen) for kind, seen in questions.others.items()},
    )
