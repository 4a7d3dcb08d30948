"""Pictures put to the whole cascade, and what it answered."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.request import CascadeRequest
from hikari_serve.drawing.cases import Drawing
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.present import present
from hikari_serve.repository.repository import Repository
from hikari_serve.stage import Hosted, Item, OnText, Retrieval, Stage, StageResult

AT_ONCE = 16
"""Pictures asked for at once: two batches of the demo models."""

PATIENCE_MS = 600_000
LABELS = 10
"""The whole differential, so that it can be calibrated."""


@dataclass(frozen=True)
class Picture:
    """One question.

    Attributes:
        image: The encoded picture.
        group: Its true group id; None where no lesion is seen.
        disease: Its true disease id; None where no lesion is seen.
    """

    image: bytes
    group: str | None = None
    disease: str | None = None


@dataclass(frozen=True)
class Trial:
    """One question with its answer."""

    picture: Picture
    answer: Answer


def drawn(drawings: Iterable[Drawing]) -> list[Picture]:
    """Drawings as questions."""
    return [Picture(encoded(each.image), each.group, each.disease) for each in drawings]


def encoded(image: Image.Image) -> bytes:
    """The picture as a PNG file."""
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


async def ask(
    cascade: Cascade,
    pictures: Sequence[Picture],
    step: Callable[[], None],
    *,
    until: str | None = None,
    references: int | None = None,
) -> list[Trial]:
    """Puts every picture to the cascade.

    Args:
        cascade: What answers.
        pictures: The questions.
        step: Called after each.
        until: The last stage to run; None for all.
        references: Cases to compare with; None for the model's own number.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, picture: Picture) -> Trial:
        async with room:
            asked = CascadeRequest(
                id=str(number),
                image=picture.image,
                until=until,
                cases=references,
                timeout_ms=PATIENCE_MS,
            )
            found = await cascade.run(asked)
            step()
            return Trial(picture, present(found, LABELS))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(n, picture)) for n, picture in enumerate(pictures)]
    return [task.result() for task in tasks]


class Misleading:
    """A stage in front of the retrieval that leaves out every case of the true disease.

    Args:
        stage: The retrieval.
        truth: The true disease by request id.
        shown: How many cases to pass on, the nearest of them.
    """

    def __init__(self, stage: Stage, truth: Mapping[str, str | None], shown: int) -> None:
        self._stage, self._truth, self._shown = stage, truth, shown

    async def ready(self) -> None:
        """Returns when the retrieval can answer."""
        await self._stage.ready()

    async def describe(self) -> tuple[Hosted, ...]:
        """What the retrieval hosts."""
        return await self._stage.describe()

    async def infer(self, item: Item, on_text: OnText | None = None) -> StageResult:
        """Searches the whole index, and passes on what is of another disease."""
        everything = item.model_copy(update={"cases": 10_000})
        result = await self._stage.infer(everything, on_text)
        assert isinstance(result.output, Retrieval)
        wrong = [case for case in result.output.cases if case.label != self._truth[item.id]]
        found = result.output.model_copy(update={"cases": tuple(wrong[: self._shown])})
        return result.model_copy(update={"output": found})


def misled(
    cascade: Cascade, repository: Repository, pictures: Sequence[Picture], shown: int
) -> Cascade:
    """The same cascade, whose references are all of other diseases."""
    truth = {str(number): picture.disease for number, picture in enumerate(pictures)}
    stages: dict[str, Stage] = {
        **cascade.stages,
        "references": Misleading(cascade.stages["references"], truth, shown),
    }
    return Cascade(repository.config(cascade.name), cascade.graph, stages, cascade.decoder)
