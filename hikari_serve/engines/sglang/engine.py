"""The engine: SGLang's Engine in this process, its model in processes that it starts."""

import asyncio
import multiprocessing
from collections.abc import Sequence
from importlib.metadata import version
from multiprocessing.process import BaseProcess
from threading import Lock
from typing import Any

import torch
from transformers import Qwen2VLImageProcessorPil

from hikari_serve.engines.adapter import read_adapter
from hikari_serve.engines.chat import MAX_THINKING, Chat
from hikari_serve.engines.checkpoint_config import check_image_token, stored_quantization
from hikari_serve.engines.checkpoints import load_image_processor
from hikari_serve.engines.continuous import ContinuousEngine
from hikari_serve.engines.contract import Call, Generate, Opening, Prompt, Score
from hikari_serve.engines.prompt_reader import PromptReader
from hikari_serve.engines.sglang.preparation import Preparation, SglangRequest
from hikari_serve.engines.sglang.session import SglangSession
from hikari_serve.engines.sglang.signals import ignore_sigquit, kept_sigterm
from hikari_serve.errors import ConfigError, EngineFailed

DEATH_SECONDS = 0.25
"""How often SGLang's processes are asked whether they still live."""

IDLE_SECONDS = 30.0
"""How long SGLang may take to end what was aborted before it sleeps."""

TOWER_REMEDY = (
    "merge it into its base, or set `backend: vllm` and "
    "`engine.parameters.enable_tower_connector_lora: true`"
)
"""SGLang applies adapters of a Qwen3-VL to the language model only."""

_in_use = Lock()
"""Held by the engine of this process: SGLang keeps its settings for the whole process, and ends
all of the process's children when it shuts down."""


class SglangEngine(ContinuousEngine):
    """Runs a Qwen3-VL checkpoint with SGLang, which batches what it is given by itself."""

    def __init__(
        self,
        engine: Any,
        chat: Chat,
        preparation: Preparation,
        *,
        arguments: dict[str, Any],
        quantization: str | None,
        processes: Sequence[BaseProcess],
        max_thinking: int,
        max_new_tokens: int,
    ) -> None:
        """Starts the engine; `open` makes its parts.

        Args:
            engine: An `sglang.Engine`.
            chat: The checkpoint's words.
            preparation: Turns prompts into requests.
            arguments: What `engine` was made with.
            quantization: How the weights are compressed.
            processes: Those of SGLang.
            max_thinking: Tokens in which the model must end its thinking; 0 ends it unthought.
            max_new_tokens: Tokens that an answer has room for.
        """
        super().__init__(chat, max_thinking=max_thinking, max_new_tokens=max_new_tokens)
        self.concurrency = arguments["max_running_requests"]
        self.max_work = arguments["context_length"]
        self.release = f"sglang {version('sglang')}"
        self.quantization = quantization
        self._engine = engine
        self._preparation = preparation
        self._adapter = next(iter(arguments.get("lora_paths", ())), None)
        self._sleeps = arguments.get("enable_memory_saver", False)
        self._processes = processes

    @classmethod
    def open(cls, opening: Opening) -> "SglangEngine":
        """Opens a checkpoint; blocking.

        Raises:
            ConfigError: SGLang cannot run these weights with these settings on this machine.
        """
        from hikari_serve.engines.sglang.parameters import engine_arguments  # imports SGLang

        _check_device(opening.device)
        chat = Chat(opening.folder)
        check_image_token(opening.folder, chat)
        processor = load_image_processor(Qwen2VLImageProcessorPil, opening.folder)
        if opening.adapter:
            read_adapter(opening.adapter, opening.folder, tower=False, remedy=TOWER_REMEDY)
        arguments = engine_arguments(opening)
        reader = PromptReader(chat, opening.max_context, opening.max_images)
        stored = stored_quantization(opening.folder)
        before = multiprocessing.active_children()
        return cls(
            _start(arguments),
            chat,
            Preparation(reader, processor),
            arguments=arguments,
            quantization=arguments.get("quantization") or stored,
            processes=[one for one in multiprocessing.active_children() if one not in before],
            max_thinking=MAX_THINKING if opening.thinking == "natural" else 0,
            max_new_tokens=opening.max_new_tokens,
        )

    def prepare(self, prompt: Prompt, want: Score | Generate) -> SglangRequest:
        return self._preparation(prompt, want)

    async def run(self, calls: Sequence[Call]) -> None:
        manager = self._engine.tokenizer_manager
        if manager.event_loop is None:
            with kept_sigterm():
                manager.auto_create_handle_loop()  # the first request would do it
        await super().run(calls)

    async def died(self) -> str:
        while all(process.is_alive() for process in self._processes):
            await asyncio.sleep(DEATH_SECONDS)
        return "a process of SGLang's has died; its log says more"

    async def sleep(self) -> None:
        if self._sleeps:
            from sglang.srt.managers.io_struct import ReleaseMemoryOccupationReqInput

            manager = self._engine.tokenizer_manager
            # an aborted request ends at the scheduler's next step; a release before that kills it
            flushed = await manager.flush_cache(timeout_s=IDLE_SECONDS)
            if not flushed.success:
                raise EngineFailed(f"SGLang cannot sleep: it still computes ({flushed.message})")
            await manager.release_memory_occupation(ReleaseMemoryOccupationReqInput())

    async def wake(self) -> None:
        if self._sleeps:
            from sglang.srt.managers.io_struct import ResumeMemoryOccupationReqInput

            manager = self._engine.tokenizer_manager
            await manager.resume_memory_occupation(ResumeMemoryOccupationReqInput())

    async def close(self) -> None:
        for task in self._engine.tokenizer_manager.asyncio_tasks:
            task.cancel()
        await asyncio.to_thread(self._engine.shutdown)
        _in_use.release()

    def _session(self, call: Call) -> SglangSession:
        return SglangSession(self._engine, call, self._adapter)


def _check_device(device: str) -> None:
    kind, _, number = device.partition(":")
    if kind != "cuda":
        raise ConfigError(f"`engine.device` is '{device}', but SGLang needs a GPU: set `cuda`")
    if int(number or 0) >= (there := torch.cuda.device_count()):
        raise ConfigError(
            f"this machine has no device '{device}', but {there} GPUs: set `engine.device` to one "
            "that it has, or another `backend`"
        )


def _start(arguments: dict[str, Any]) -> Any:
    """Starts SGLang and its processes, and loads the weights.

    Raises:
        ConfigError: SGLang refuses what it is asked for: it would refuse it again.
        EngineFailed: It broke off while it started, and may start when it is tried again.
    """
    from sglang import Engine

    if not _in_use.acquire(blocking=False):
        raise ConfigError(
            "another model of this process runs on SGLang already, which keeps one model a "
            "process: serve them with cascades of their own"
        )
    ignore_sigquit()
    try:
        return Engine(**arguments)
    except (AssertionError, ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        _in_use.release()
        kind = EngineFailed if isinstance(error, RuntimeError) else ConfigError
        raise kind(f"SGLang could not start: {error}; its log says more") from error
