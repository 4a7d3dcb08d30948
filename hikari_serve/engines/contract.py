"""The contract between the queue and what runs the weights.

The queue hands an engine a batch of calls; the engine answers each call on its own, so one
item's failure, early end or cancellation never touches its neighbours. An engine that runs one
static batch at a time says `concurrency = 1` and a `max_batch`; an engine with continuous
batching says `max_batch = 1` and a high `concurrency`. Nothing else tells them apart.

Before the queue forms a batch it asks whether the engine is `ready`: what comes while an engine
makes itself ready is then in the batch.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from PIL import Image

from hikari_serve.errors import InvalidInput
from hikari_serve.labels.trie import AnswerTrie, Read
from hikari_serve.prompts.layout import Message

Thinking = Literal["closed", "natural"]
"""`closed` forces an empty think block; `natural` lets the model end its thinking itself."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question: chat messages with image slots, and the pictures for the slots, in order."""

    messages: Sequence[Message]
    images: Sequence[Image.Image]


class PromptTooLong(InvalidInput):
    """A prompt has more tokens or pictures than its model takes; with less in it, it may do."""


@dataclass(frozen=True, slots=True)
class Score:
    """Read the probabilities of a closed set of answers."""

    answers: AnswerTrie


@dataclass(frozen=True, slots=True)
class Generate:
    """Decode greedily, at most `max_new_tokens` tokens."""

    max_new_tokens: int


@dataclass(frozen=True, slots=True)
class Scored:
    """What `Score` read.

    Attributes:
        logprobs: For every token of the answers that was read, its log-probability under the
            model's full vocabulary (not renormalised), by the path that it ends.
        prompt_tokens: Length of the prompt, image tokens included.
    """

    logprobs: Read
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Generated:
    """What `Generate` wrote: the text without special tokens, and why it ended."""

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    new_tokens: int


Output = Any
"""What an engine answers a call with: `Scored`, `Generated`, or an encoder's embedding."""


class Prepared(Protocol):
    """A call's input after `Engine.prepare`, opaque to the queue but for its size."""

    @property
    def work(self) -> int:
        """Tokens (text and image) that the engine must read: the real size of the item."""


class Call(Protocol):
    """One item of a batch, as an engine sees it. Every method may be called from any thread."""

    @property
    def request(self) -> Any:
        """What this engine's `prepare` returned."""

    @property
    def priority(self) -> int:
        """From 1, served first, to 9; an engine that orders its own work heeds it."""

    @property
    def deadline(self) -> float:
        """When the answer is worthless, in seconds since the Unix epoch."""

    @property
    def cancelled(self) -> bool:
        """Nobody waits for the answer any more; stop at the next step."""

    def emit(self, text: str) -> None:
        """Hands over the next words of a streamed answer."""

    def finish(self, output: Output) -> None:
        """Answers the call."""

    def fail(self, error: Exception) -> None:
        """Ends the call with an error of its own."""


class Engine(ABC):
    """What runs the weights of one version of a model.

    Attributes:
        max_batch: Calls that one `run` takes at most.
        concurrency: How many `run`s may be in flight at once.
        max_work: Tokens that one `run` takes at most, over all its calls.
        delay: Seconds until it is ready for a batch, as far as it knows.
    """

    max_batch: int
    concurrency: int
    max_work: int
    delay: float = 0.0

    @abstractmethod
    def prepare(self, prompt: Prompt, want: Score | Generate) -> Prepared:
        """Turns a prompt into tokens and pixels; blocking, so it is called in a thread.

        Raises:
            PromptTooLong: The prompt is longer, or holds more pictures, than the model takes.
        """

    def ready(self, waiting: Sequence[Call], resume: Callable[[], None]) -> bool:
        """Whether a `run` may begin now; asked in the event loop before every batch.

        Args:
            waiting: What waits for a batch. The list lives: calls come, and leave once nobody
                waits for them.
            resume: Called in the event loop when a `run` may begin, after this returned False.
        """
        return True

    @abstractmethod
    async def run(self, calls: Sequence[Call]) -> None:
        """Answers every call of the batch by `finish` or `fail`; itself raises nothing.

        A call that is cancelled may be left unanswered.
        """

    async def sleep(self) -> None:
        """Gives the accelerator's memory back until `wake`; nothing may be running."""

    async def wake(self) -> None:
        """Takes the memory again after `sleep`."""

    async def died(self) -> str:
        """Waits until the engine can answer nothing any more; returns why.

        Only an engine that computes in another process can die before this one does.
        """
        never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        return await never

    async def close(self) -> None:
        """Frees everything; the engine is not used afterwards."""


class LanguageEngine(Engine):
    """An engine that reads prompts, and scores or writes answers.

    Attributes:
        release: Name and version of what computes, as provenance quotes it.
        quantization: How the weights are compressed; None where they are not.
    """

    release: str
    quantization: str | None

    @abstractmethod
    def answer_trie(self, answers: Sequence[str]) -> AnswerTrie:
        """The answers as this checkpoint would write them, behind its think block.

        Raises:
            ConfigError: Two answers cannot be told apart by their tokens.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What an engine is opened with: the weights, the machine's part, the limits.

    Attributes:
        model: The model's name, for messages.
        folder: Its weights, tokenizer, chat template and image processor settings.
        adapter: A folder with a LoRA adapter of those weights, if one is served.
        device: By torch's name.
        dtype: `float32`, `bfloat16` or `float16`.
        parameters: The engine's own settings, by the engine's own names.
        max_batch: Requests that are computed together.
        max_context: Tokens of a prompt, image tokens included.
        max_new_tokens: Tokens of an answer.
        max_images: Pictures in a prompt.
        max_side: Longest side of a picture in pixels; None is no bound.
        scores: Whether answers are scored, and not written.
        threads: Cores to compute on.
        thinking: Whether the model thinks before it answers.
        turns: Whether it must be able to sleep, because it shares its device by turns.
    """

    model: str
    folder: Path
    adapter: Path | None = None
    device: str
    dtype: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    max_batch: int
    max_context: int
    max_new_tokens: int
    max_images: int
    max_side: int | None = None
    scores: bool = False
    threads: int
    thinking: Thinking
    turns: bool = False
