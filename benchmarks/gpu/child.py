"""Measures one engine with one quantisation, in a process of its own: what it takes goes with it.

`python -m benchmarks.gpu.child TASK`, where the task is JSON. It writes its rows itself, as they
are measured, and ends with the process that started it.
"""

import json
import logging
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from statistics import median
from threading import Thread
from typing import Any

import torch
from transformers import Qwen2VLImageProcessorPil, Qwen3VLConfig, Qwen3VLForConditionalGeneration

from benchmarks.gpu.floor import Peak, Work
from benchmarks.gpu.journal import Journal
from benchmarks.gpu.labels import likely_tokens, read_on
from benchmarks.gpu.questions import CAPTION_TOKENS, Question, Questions
from benchmarks.gpu.sides import Card, Ours, Side
from benchmarks.gpu.subject import Subject
from hikari_serve.engines.chat import Chat
from hikari_serve.engines.checkpoints import load_image_processor
from hikari_serve.engines.contract import LanguageEngine, Opening, Score
from hikari_serve.engines.quantization import quantize

logger = logging.getLogger(__name__)

MAX_CONTEXT = 4096
"""Tokens of a prompt, as the 8B entries of the repository allow them."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to measure.

    Attributes:
        subject: The checkpoint.
        models: The repository whose prompts are asked.
        engine: What answers.
        quantization: Of the weights; `none` is none.
        rows: Names and batch sizes, in their order.
        repeats: Times that each batch is asked, after one that does not count.
        deadline: When to begin nothing any more, in seconds since the Unix epoch.
        out: The journal.
        peak: What the device can do.
    """

    subject: Subject
    models: str
    engine: str
    quantization: str
    rows: tuple[tuple[str, int], ...]
    repeats: int
    deadline: float
    out: str
    peak: Peak

    def known(self, row: str, batch: int) -> dict[str, str | int]:
        """What a row's line is known by."""
        parts = {"engine": self.engine, "quantization": self.quantization}
        return {**parts, "row": row, "batch": batch}

    def failed(self, row: str, batch: int, error: Exception | str) -> dict[str, Any]:
        """The line of a row that could not be measured."""
        said = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
        return {"kind": "failed", **self.known(row, batch), "reason": said.partition("\n")[0]}

    def encoded(self) -> str:
        """As an argument of a command."""
        return json.dumps(asdict(self))

    @classmethod
    def decoded(cls, text: str) -> "Task":
        """What `encoded` wrote."""
        parts = json.loads(text)
        rows = tuple((row, size) for row, size in parts.pop("rows"))
        subject, peak = Subject(**parts.pop("subject")), Peak(**parts.pop("peak"))
        return cls(subject=subject, peak=peak, rows=rows, **parts)


class Meter:
    """Measures rows with one opened engine."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._folder = Path(task.subject.folder)
        self._journal = Journal(Path(task.out))
        self._chat = Chat(self._folder)
        self._closing = len(self._chat.closing)
        self._pictures = load_image_processor(Qwen2VLImageProcessorPil, self._folder)
        quantization = None if task.quantization == "none" else task.quantization
        with torch.device("meta"):
            config = Qwen3VLConfig.from_pretrained(self._folder)
            shapes = Qwen3VLForConditionalGeneration(config)  # type: ignore[no-untyped-call]
        shapes = shapes.to(getattr(torch, task.subject.dtype))
        self._work = Work.of(shapes, quantization)
        began = time.monotonic()
        self.side: Side
        if task.engine == "card":
            self.side = Card(self._folder, task.subject.device, task.subject.dtype)
        else:
            self.side = Ours(open_engine(task))
        self._started = time.monotonic() - began
        self._questions = Questions(task.subject, Path(task.models), self._chat)
        never = {*self._chat.stops, self._chat.think_end}
        self._likely = likely_tokens(self._questions.tries, never)

    def row(self, row: str, batch: int) -> None:
        """Measures a row and writes it down; an error is written down instead."""
        try:
            entry = self._measured(row, batch)
        except Exception as error:
            logger.warning("%s, %d at once", row, batch, exc_info=True)
            self._journal.append(self._task.failed(row, batch, error))
        else:
            if entry is not None:
                self._journal.append({"kind": "row", **self._task.known(row, batch), **entry})

    def _measured(self, row: str, batch: int) -> dict[str, Any] | None:
        """The row's numbers; None if the time was over before the first that counts."""
        times: list[float] = []
        for _ in range(1 + self._task.repeats):
            if times and time.time() + times[-1] > self._task.deadline:
                break
            items = self._questions.items(row, batch)
            times.append(self.side.seconds(items))
        if len(times) < 2:
            return None
        asked = [question for wave in items[0] for question in wave]
        return {
            "ms": median(times[1:]) * 1000,
            "times_ms": [seconds * 1000 for seconds in times[1:]],
            "first_ms": times[0] * 1000,
            "tokens": sum(map(self._tokens, asked)),
            "read_on": sum(map(self._read_on, asked)),
            "written": sum(question.written for question in asked),
            "floor_ms": sum(self._floor(question, batch) for question in asked) * 1000,
            "start_s": self._started,
        }

    def _read_on(self, question: Question) -> int:
        """Passes of a scored question behind its first; none where words are written."""
        want = question.want
        return read_on(want.answers, self._likely) if isinstance(want, Score) else 0

    def _tokens(self, question: Question) -> int:
        """Tokens of a prompt, image tokens included."""
        prompt = question.prompt
        ids = self._chat.prompt(prompt.messages)
        counts = self._patches(question)
        return len(ids) - len(counts) + sum(counts) // self._pictures.merge_size**2

    def _patches(self, question: Question) -> list[int]:
        count = self._pictures.get_number_of_image_patches
        return [int(count(image.height, image.width)) for image in question.prompt.images]

    def _floor(self, question: Question, batch: int) -> float:
        """Seconds that the device needs at least for a batch of one stage's questions.

        The first pass reads the prompt, the closed think block and the answers' common beginning;
        then comes one for each further token that is written, or each time that labels are read on.
        """
        then, steps = self._closing, CAPTION_TOKENS - 1
        if isinstance(question.want, Score):
            answers = question.want.answers
            then, steps = then + len(answers.prefix), self._read_on(question)
        merge = self._pictures.merge_size**2
        tokens = self._tokens(question) + then
        return self._work.seconds(
            self._task.peak, batch, tokens, self._patches(question), merge, steps
        )


def open_engine(task: Task) -> LanguageEngine:
    """Opens an engine of this server; not by its entry point, which a bare machine lacks."""
    subject = task.subject
    folder = Path(subject.folder)
    parameters: dict[str, Any] = {}
    if task.engine == "transformers" and task.quantization == "bitsandbytes":
        whole, folder = folder, folder.with_name(f"{folder.name}-4bit")
        if not folder.exists():
            quantize(whole, folder, lambda done, total: None)
    elif task.quantization != "none":
        parameters["quantization"] = task.quantization
    if task.engine == "vllm" and subject.device == "cpu":
        parameters["kv_cache_memory_bytes"] = 64 << 20  # else it takes most of the machine
    backend = import_module(f"hikari_serve.engines.{task.engine}.backend")
    engine: LanguageEngine = backend.open_engine(
        Opening(
            model="benchmark",
            folder=folder,
            device=subject.device,
            # vLLM takes 4 bits only beside weights of two bytes
            dtype="bfloat16" if task.quantization == "bitsandbytes" else subject.dtype,
            parameters=parameters,
            max_batch=max(size for _, size in task.rows),
            max_context=MAX_CONTEXT if subject.device != "cpu" else 1024,
            max_new_tokens=256,
            max_images=4,
            max_side=subject.side,
            scores=True,
            threads=torch.get_num_threads(),
            thinking="closed",
        )
    )
    return engine


def follow(parent: int) -> None:
    """Ends this process and all that it started when its parent has ended."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os.killpg(0, signal.SIGKILL)


def main() -> None:
    """Reads the task and measures it."""
    Thread(target=follow, args=(os.getppid(),), daemon=True).start()
    task = Task.decoded(sys.argv[1])
    try:
        meter = Meter(task)
    except Exception as error:
        for row, batch in task.rows:
            Journal(Path(task.out)).append(task.failed(row, batch, error))
        raise
    for row, batch in task.rows:
        if time.time() < task.deadline:
            meter.row(row, batch)
    meter.side.close()


if __name__ == "__main__":
    main()
