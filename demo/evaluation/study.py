"""Puts the pictures to the whole cascade, as it is served, and in other ways to compare."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from demo.evaluation.near import NEAR
from demo.evaluation.questions import Questions
from demo.evaluation.trials import Trial, ask, misled
from demo.evaluation.variants import by_words_plainly, plainly, renamed, variant
from hikari_serve.cascade.execution import Cascade
from hikari_serve.inline import open_cascade
from hikari_serve.repository.repository import Repository
from hikari_serve.settings import Settings

REFERENCES = 3
"""Cases that mislead: as many as the demo cascade retrieves."""


@dataclass(frozen=True)
class Study:
    """The trials, by what was asked.

    Attributes:
        clear: Clear drawings through the whole cascade.
        mixed: Mixed drawings through the whole cascade.
        plain: The same, where neither captions nor cases withhold, nor half of the belief does.
        written: As `plain` as far as the disease, which the model writes and does not score.
        near: Clear drawings as far as the disease, where its label set has another name that
            begins as the true one does in its place.
        hard: Hard drawings through the whole cascade.
        retrieved: The same as far as the disease, so that no caption withholds it.
        alone: As `retrieved`, without references.
        misled: As `retrieved`, with references that are all of other diseases.
        others: Pictures without a lesion, by kind, through the whole cascade.
        skin: Photographs of real skin, by kind, asked as `plain`.
    """

    clear: Sequence[Trial]
    mixed: Sequence[Trial]
    plain: Sequence[Trial]
    written: Sequence[Trial]
    near: Sequence[Trial]
    hard: Sequence[Trial]
    retrieved: Sequence[Trial]
    alone: Sequence[Trial]
    misled: Sequence[Trial]
    others: Mapping[str, Sequence[Trial]]
    skin: Mapping[str, Sequence[Trial]]


def trials(questions: Questions) -> int:
    """How many answers a study of these questions takes."""
    drawings = 2 * len(questions.clear) + 3 * len(questions.mixed) + 4 * len(questions.hard)
    pictures = (*questions.others.values(), *questions.skin.values())
    return drawings + sum(map(len, pictures))


async def run_study(settings: Settings, questions: Questions, step: Callable[[], None]) -> Study:
    """Asks the cascade everything.

    Args:
        settings: Which cascade, and where it lies.
        questions: The pictures.
        step: Called after each answer.
    """
    repository = Repository.of(settings)
    async with open_cascade(settings) as served:
        clear = await ask(served, questions.clear, step)
        mixed = await ask(served, questions.mixed, step)
        hard = await ask(served, questions.hard, step)
        retrieved = await ask(served, questions.hard, step, until="disease")
        alone = await ask(served, questions.hard, step, until="disease", references=0)
        wrong = misled(served, repository, questions.hard, REFERENCES)
        deceived = await ask(wrong, questions.hard, step, until="disease")
        others = {kind: await ask(served, seen, step) for kind, seen in questions.others.items()}
    async with _open(settings, plainly) as cascade:
        plain = await ask(cascade, questions.mixed, step)
        skin = {kind: await ask(cascade, seen, step) for kind, seen in questions.skin.items()}
    async with _open(settings, by_words_plainly, until="disease") as cascade:
        written = await ask(cascade, questions.mixed, step, until="disease")
    near: list[Trial] = []
    for label, name in NEAR.items():
        concerned = [each for each in questions.clear if each.disease == label]
        async with _open(settings, renamed(label, name), until="disease") as cascade:
            near += await ask(cascade, concerned, step, until="disease")
    return Study(
        clear=clear,
        mixed=mixed,
        plain=plain,
        written=written,
        near=near,
        hard=hard,
        retrieved=retrieved,
        alone=alone,
        misled=deceived,
        others=others,
        skin=skin,
    )


@asynccontextmanager
async def _open(
    settings: Settings, change: Callable[[Path], None], until: str | None = None
) -> AsyncIterator[Cascade]:
    """Opens the cascade with a changed configuration."""
    with variant(settings.models, change) as models:
        async with open_cascade(replace(settings, models=models), until=until) as cascade:
            yield cascade
