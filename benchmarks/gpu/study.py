"""The one run: every stage at every batch size, the card's snippet and ours in turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import torch
from rich.console import Console
from rich.progress import Progress

from benchmarks.gpu.floor import Peak, Work
from benchmarks.gpu.sides import Card, Ours
from benchmarks.gpu.stages import Question, Stage, stages
from benchmarks.gpu.subject import Subject
from benchmarks.machine import Machine
from hikari_serve.engines.patches import cut_patches
from hikari_serve.repository.repository import Repository

BATCHES = (1, 4)


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one stage at one batch size, in milliseconds a batch.

    Attributes:
        stage: Its name.
        batch: Pictures asked about.
        tokens: Length of a prompt.
        written: Tokens that the card's snippet writes for each.
        card: The snippet.
        ours: The engine, pictures to answers.
        prepared: Of that, what makes tensors of the pictures and words.
        floor: What the device needs at least for what the engine does.
    """

    stage: str
    batch: int
    tokens: int
    written: int
    card: float
    ours: float
    prepared: float
    floor: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured, where, and against which peak."""

    subject: str
    device: str
    machine: Machine
    peak: Peak
    repeats: int
    rows: tuple[Row, ...]


def study(subject: Subject, repository: Repository, repeats: int) -> Findings:
    """Measures everything.

    Args:
        subject: The weights.
        repository: Whose prompts and labels are asked.
        repeats: Times that each batch is asked, after one that does not count.
    """
    machine, device = Machine.here(), subject.model.device
    peak = Peak.of(device, subject.model.dtype)
    ours, rows = Ours(subject, batch=max(BATCHES)), []
    asked = [
        (stage, batch) for stage in stages(subject, repository, ours.engine) for batch in BATCHES
    ]
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("asking", total=len(asked))
        for stage, batch in asked:
            progress.update(task, description=f"{stage.name}, batch {batch}")
            rows.append(_row(subject, ours, peak, stage, batch, repeats))
            progress.advance(task)
    ours.close()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else machine.processor
    return Findings(subject.name, name, machine, peak, repeats, tuple(rows))


def _row(subject: Subject, ours: Ours, peak: Peak, stage: Stage, batch: int, repeats: int) -> Row:
    questions = stage.questions(batch, subject.side)
    card = Card(subject)
    times = []
    for _ in range(1 + repeats):
        times.append((card.seconds(stage, questions), *ours.seconds(stage, questions)))
    slow, fast, prepared = (median(column) * 1000 for column in zip(*times[1:], strict=True))
    tokens = ours.tokens(stage, questions[0])
    return Row(
        stage=stage.name,
        batch=batch,
        tokens=tokens,
        written=stage.written,
        card=slow,
        ours=fast,
        prepared=prepared,
        floor=_floor(subject, peak, stage, questions, tokens) * 1000,
    )


def _floor(
    subject: Subject, peak: Peak, stage: Stage, questions: Sequence[Question], tokens: int
) -> float:
    """Seconds that the device needs at least for a batch, as the engine asks it.

    The first pass reads the prompt, the closed think block and the answers' common beginning; then
    comes one for each further token that is written. Of a scored answer nothing more is read: to
    random weights none is likely.
    """
    if stage.answers is None:
        then, steps = len(subject.chat.closing), stage.written - 1
    else:
        then = len(subject.chat.closing) + len(stage.answers.prefix)
        steps = 0
    patches = cut_patches(subject.pictures, questions[0].prompt.images)
    counts = patches.grids.prod(dim=1).tolist() if patches else []
    merge = subject.pictures.merge_size**2
    work = Work.of(subject.model)
    return work.seconds(peak, len(questions), tokens + then, counts, merge, steps)
