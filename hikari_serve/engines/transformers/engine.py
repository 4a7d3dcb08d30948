"""The engine: loads a checkpoint, prepares prompts in any thread, computes batches in its own."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import torch
from transformers import Qwen2VLImageProcessorPil, Qwen3VLForConditionalGeneration

from hikari_serve.engines.chat import MAX_THINKING, Chat
from hikari_serve.engines.checkpoints import load_image_processor, load_model
from hikari_serve.engines.contract import Call, Generate, LanguageEngine, Prompt, Score, Thinking
from hikari_serve.engines.devices import open_device
from hikari_serve.engines.prompt_reader import PromptReader
from hikari_serve.engines.torch_engine import TorchEngine
from hikari_serve.engines.transformers.generation import generate
from hikari_serve.engines.transformers.preparation import Preparation, PromptRequest
from hikari_serve.engines.transformers.scoring import score
from hikari_serve.errors import ConfigError
from hikari_serve.labels.trie import AnswerTrie


class TransformersEngine(TorchEngine, LanguageEngine):
    """Runs a Qwen3-VL checkpoint with transformers."""

    def __init__(
        self,
        model: Qwen3VLForConditionalGeneration,
        chat: Chat,
        preparation: Preparation,
        device: torch.device,
        *,
        name: str,
        threads: int | None,
        max_batch: int,
        max_work: int,
        max_thinking: int,
    ) -> None:
        """Starts the engine; `load` makes its parts.

        Args:
            model: The weights.
            chat: Their words.
            preparation: Turns prompts into requests.
            device: Where the weights live while the engine is awake.
            name: Of the engine's thread.
            threads: Cores to compute on; None leaves it to torch.
            max_batch: Calls in a batch.
            max_work: Prompt tokens in a batch, padding included.
            max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
        """
        super().__init__(
            model, device, name=name, threads=threads, max_batch=max_batch, max_work=max_work
        )
        self.release = f"transformers {version('transformers')}"
        self.quantization = _quantization(model)
        self._model = model
        self._chat = chat
        self._preparation = preparation
        self._max_thinking = max_thinking

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        device: str,
        dtype: str,
        max_batch: int,
        max_context: int,
        max_images: int,
        max_work: int,
        threads: int | None,
        thinking: Thinking,
        max_thinking: int = MAX_THINKING,
    ) -> "TransformersEngine":
        """Loads a checkpoint; blocking.

        Args:
            folder: Its weights, tokenizer, chat template and image processor settings.
            device: By torch's name.
            dtype: `float32`, `bfloat16` or `float16`.
            max_batch: Calls in a batch.
            max_context: Tokens of a prompt, image tokens included; what the model writes comes on
                top.
            max_images: Pictures in a prompt.
            max_work: Prompt tokens in a batch.
            threads: Cores to compute on; None leaves it to torch.
            thinking: Whether the model thinks before it answers.
            max_thinking: Tokens that natural thinking may take.

        Raises:
            ConfigError: The machine lacks the device, or the folder lacks a file or a token.
        """
        place = open_device(device)
        chat = Chat(folder)
        processor = load_image_processor(Qwen2VLImageProcessorPil, folder)
        model = load_model(Qwen3VLForConditionalGeneration, folder, place, dtype)
        if model.config.image_token_id != chat.image:
            raise ConfigError(f"{folder}: config.json and the tokenizer differ in `image_token_id`")
        return cls(
            model,
            chat,
            Preparation(PromptReader(chat, max_context, max_images), processor, model),
            place,
            name=folder.name,
            threads=threads,
            max_batch=max_batch,
            max_work=max_work,
            max_thinking=max_thinking if thinking == "natural" else 0,
        )

    def answer_trie(self, answers: Sequence[str]) -> AnswerTrie:
        return self._chat.answer_trie(answers)

    def prepare(self, prompt: Prompt, want: Score | Generate) -> PromptRequest:
        return self._preparation(prompt, want)

    @torch.inference_mode()
    def _compute(self, calls: Sequence[Call]) -> None:
        written = [call for call in calls if isinstance(call.request.want, Generate)]
        scored: dict[AnswerTrie, list[Call]] = {}
        for call in calls:
            if isinstance(call.request.want, Score):
                scored.setdefault(call.request.want.answers, []).append(call)
        for answers, same in scored.items():
            score(self._model, self._chat, same, answers, self._max_thinking)
        if written:
            generate(self._model, self._chat, written, self._max_thinking)


def _quantization(model: Qwen3VLForConditionalGeneration) -> str | None:
    """How the checkpoint's weights were compressed before they were saved, if they were."""
    settings = getattr(model.config, "quantization_config", None)
    return None if settings is None else str(settings.quant_method.value)
