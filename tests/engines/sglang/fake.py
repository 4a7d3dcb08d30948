"""A stand-in for `sglang.Engine`, because SGLang computes on no machine that runs these tests.

It takes the arguments, refuses the mistakes and gives the answers that `interface.json` records of
the real one, whose log-probabilities and tokens it computes with transformers from real weights.
"""

import asyncio
import json
import multiprocessing
import signal
from collections.abc import AsyncIterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import torch
from transformers import Qwen3VLForConditionalGeneration

from tests.engines.sglang.record import RECORD

INTERFACE = json.loads(RECORD.read_text(encoding="utf-8"))


class Struct:
    """One of SGLang's records: it has the recorded fields and no others."""

    __struct_fields__: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, *, name: str) -> None:
        cls.__struct_fields__ = tuple(INTERFACE["fields"][name])

    def __init__(self, **values: object) -> None:
        for name, value in values.items():
            if name not in self.__struct_fields__:
                raise TypeError(f"Unexpected keyword argument '{name}'")
            setattr(self, name, value)


class ServerArgs(Struct, name="ServerArgs"): ...


class SamplingParams(Struct, name="SamplingParams"):
    temperature: float
    max_new_tokens: int


class FlushCacheReqOutput(Struct, name="FlushCacheReqOutput"): ...


class ReleaseMemoryOccupationReqInput(Struct, name="ReleaseMemoryOccupationReqInput"): ...


class ResumeMemoryOccupationReqInput(Struct, name="ResumeMemoryOccupationReqInput"): ...


class TokenizerManager:
    """The part of SGLang that lives in the event loop.

    Attributes:
        unfinished: Requests that the scheduler still computes; an aborted one a little longer.
    """

    def __init__(self) -> None:
        self.event_loop: asyncio.AbstractEventLoop | None = None
        self.asyncio_tasks: set[asyncio.Task[None]] = set()
        self.aborted: list[str] = []
        self.unfinished: set[str] = set()
        self.asleep = False

    def auto_create_handle_loop(self) -> None:
        if self.event_loop is None:
            self.event_loop = asyncio.get_running_loop()
            self.asyncio_tasks.add(self.event_loop.create_task(asyncio.sleep(3600)))
            self.event_loop.add_signal_handler(signal.SIGTERM, self._take_over)
            self.event_loop.add_signal_handler(signal.SIGQUIT, self._take_over)

    def abort_request(self, rid: str = "", abort_all: bool = False) -> None:
        self.aborted.append(rid)
        asyncio.get_running_loop().call_later(0.05, self.unfinished.discard, rid)

    async def flush_cache(self, timeout_s: float | None = None) -> FlushCacheReqOutput:
        try:
            async with asyncio.timeout(timeout_s or 0):
                while self.unfinished:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            message = "Timed out waiting for idle state."
            return FlushCacheReqOutput(success=False, message=message)
        return FlushCacheReqOutput(success=True, message="")

    async def release_memory_occupation(
        self, obj: ReleaseMemoryOccupationReqInput, request: None = None
    ) -> None:
        assert isinstance(obj, ReleaseMemoryOccupationReqInput)
        assert not self.unfinished, "should be called only when server is idle."
        self.asleep = True

    async def resume_memory_occupation(
        self, obj: ResumeMemoryOccupationReqInput, request: None = None
    ) -> None:
        assert isinstance(obj, ResumeMemoryOccupationReqInput)
        self.asleep = False

    def _take_over(self) -> None:
        raise AssertionError("SGLang took a signal that is the server's")


class Engine:
    """What `sglang.Engine` is to its caller.

    Attributes:
        asked: The arguments of every `async_generate`.
        refusal: What the next request fails with: an error, or a finish reason.
        stuck_after: Tokens behind which an answer goes on for ever.
    """

    def __init__(self, **arguments: Any) -> None:
        self.server_args = ServerArgs(**arguments)
        self.tokenizer_manager = TokenizerManager()
        self.asked: list[dict[str, Any]] = []
        self.refusal: Exception | dict[str, Any] | None = None
        self.stuck_after: int | None = None
        self._model = Qwen3VLForConditionalGeneration.from_pretrained(
            arguments["model_path"], dtype=torch.float32
        )
        self._scheduler = multiprocessing.get_context("spawn").Process(
            target=signal.pause, daemon=True
        )
        self._scheduler.start()

    def shutdown(self) -> None:
        self._scheduler.kill()
        self._scheduler.join()

    async def async_generate(
        self, **request: Any
    ) -> dict[str, Any] | AsyncIterator[dict[str, Any]]:
        if unknown := set(request) - set(INTERFACE["calls"]["Engine.async_generate"]):
            raise TypeError(f"async_generate() got unexpected keyword arguments {unknown}")
        self.asked.append(request)
        outputs = self._generate(request)
        return outputs if request.get("stream") is True else await anext(outputs)

    async def _generate(self, request: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        refusal, self.refusal = self.refusal, None
        if isinstance(refusal, Exception):
            raise refusal
        stream = request.get("stream", False)
        pictures = _pictures(request)
        parameters = SamplingParams(**request["sampling_params"])
        assert parameters.temperature == 0
        known = getattr(self.server_args, "lora_paths", None) or {}
        if (adapter := request.get("lora_path")) is not None and adapter not in known:
            raise ValueError(f"Got LoRA adapter that has never been loaded: {adapter}")
        unfinished = self.tokenizer_manager.unfinished
        unfinished.add(request["rid"])
        read = [*request["input_ids"]]
        written: list[int] = []
        logprobs: list[Any] = []
        reason = refusal
        while reason is None:
            await (asyncio.Event().wait() if len(written) == self.stuck_after else asyncio.sleep(0))
            rows = self._logprobs(read, pictures)
            token = int(rows.argmax())
            if asked := request.get("token_ids_logprob"):
                logprobs.append([(float(rows[one]), one, None) for one in asked])
            read.append(token)
            written.append(token)  # SGLang, too, hands out the list that it goes on to fill
            reason = self._end(parameters, written)
            if stream and reason is None:
                yield self._output(request, written, logprobs, None)
        unfinished.discard(request["rid"])
        yield self._output(request, written, logprobs, reason)

    def _end(self, parameters: SamplingParams, written: Sequence[int]) -> dict[str, Any] | None:
        """Why an answer ends here; with `ignore_eos` SGLang looks at no token."""
        stops = getattr(parameters, "stop_token_ids", ())
        if not getattr(parameters, "ignore_eos", False) and written[-1] in stops:
            return {"type": "stop", "matched": written[-1]}
        if len(written) == parameters.max_new_tokens:
            return {"type": "length", "length": len(written)}
        return None

    def _output(
        self,
        request: dict[str, Any],
        written: list[int],
        logprobs: list[Any],
        reason: dict[str, Any] | None,
    ) -> dict[str, Any]:
        """An answer with the recorded keys, those that nobody here reads being empty."""
        meta_info = dict.fromkeys(INTERFACE["meta_info"])
        meta_info |= {
            "id": request["rid"],
            "finish_reason": reason,
            "prompt_tokens": len(request["input_ids"]),
            "completion_tokens": len(written),
        }
        if request.get("return_logprob"):
            meta_info["output_token_ids_logprobs"] = logprobs
        return {"text": None, "output_ids": written, "meta_info": meta_info}

    @torch.inference_mode()
    def _logprobs(self, ids: Sequence[int], pictures: dict[str, torch.Tensor]) -> torch.Tensor:
        """(vocabulary,): what comes next, from one whole pass without a cache."""
        row = torch.tensor([ids])
        kinds = (row == self._model.config.image_token_id).int()
        logits: torch.Tensor = self._model(
            input_ids=row, mm_token_type_ids=kinds, **pictures
        ).logits
        return logits[0, -1].log_softmax(dim=-1)


def _pictures(request: dict[str, Any]) -> dict[str, torch.Tensor]:
    """What a processor made of the pictures; SGLang takes exactly one such element."""
    if request["image_data"] is None:
        return {}
    (pictures,) = request["image_data"]
    assert pictures["format"] in INTERFACE["picture_formats"]
    assert all(isinstance(one, int) for one in request["input_ids"])
    return {name: pictures[name] for name in ("pixel_values", "image_grid_thw")}


def modules() -> dict[str, ModuleType | SimpleNamespace]:
    """The package as `sys.modules` would hold it, as far as the engine imports it."""
    names = ("sglang", "sglang.srt", "sglang.srt.managers")
    packages: dict[str, Any] = {name: ModuleType(name) for name in names}
    packages["sglang"].__spec__ = SimpleNamespace(name="sglang")
    packages["sglang"].Engine = Engine
    packages["sglang.srt.server_args"] = SimpleNamespace(
        ServerArgs=ServerArgs, QUANTIZATION_CHOICES=INTERFACE["quantization"]
    )
    packages["sglang.srt.managers.io_struct"] = SimpleNamespace(
        ReleaseMemoryOccupationReqInput=ReleaseMemoryOccupationReqInput,
        ResumeMemoryOccupationReqInput=ResumeMemoryOccupationReqInput,
    )
    return packages
