"""Asks vLLM about one call's prompt, and turns its errors into ours."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any
from uuid import uuid4

from vllm import SamplingParams, TokensPrompt
from vllm.exceptions import GracefulHTTPError, VLLMClientError
from vllm.lora.request import LoRARequest
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

from hikari_serve.engines.contract import Call
from hikari_serve.errors import EngineFailed, InvalidInput, QueueFull, Unavailable


class VllmSession:
    """The requests to vLLM that answer one call; they share its prompt, adapter and priority.

    Cancelling a method aborts its request in vLLM.
    """

    def __init__(self, llm: AsyncLLM, call: Call, adapter: LoRARequest | None) -> None:
        """Args:
        llm: vLLM.
        call: Whose prompt to read.
        adapter: What to apply to the weights.
        """
        self._llm = llm
        self._call = call
        self._adapter = adapter

    async def logprobs(self, then: Sequence[int], of: Sequence[int]) -> list[float]:
        """Log-probabilities of some tokens behind the prompt and `then`.

        They are those of the model's whole vocabulary, before any temperature.

        Raises:
            HikariError: vLLM refused the prompt, failed or died.
        """
        parameters = SamplingParams(
            temperature=0,
            max_tokens=1,
            logprob_token_ids=list(of),
            ignore_eos=True,
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        (output,) = [output async for output in self._ask(then, parameters)]
        read = output.outputs[0].logprobs[0]
        return [float(read[token].logprob) for token in of]

    async def write(
        self, then: Sequence[int], at_most: int, until: frozenset[int]
    ) -> AsyncIterator[int]:
        """The tokens that the model writes behind the prompt and `then`, greedily.

        Args:
            then: What it has written already.
            at_most: Tokens to write.
            until: Tokens behind which it stops; that one comes as well.

        Raises:
            HikariError: vLLM refused the prompt, failed or died.
        """
        parameters = SamplingParams(
            temperature=0,
            max_tokens=at_most,
            stop_token_ids=sorted(until),
            ignore_eos=True,  # `until` alone decides
            detokenize=False,
            output_kind=RequestOutputKind.DELTA,
        )
        async for output in self._ask(then, parameters):
            for token in output.outputs[0].token_ids:
                yield token

    async def _ask(self, then: Sequence[int], parameters: SamplingParams) -> AsyncIterator[Any]:
        request = self._call.request
        prompt = TokensPrompt(prompt_token_ids=[*request.input_ids, *then])
        if request.images:
            prompt["multi_modal_data"] = {"image": request.images}
            prompt["multi_modal_uuids"] = {"image": request.hashes}
        with _translated():
            outputs = self._llm.generate(
                prompt,
                parameters,
                uuid4().hex,
                lora_request=self._adapter,
                priority=self._call.priority,
            )
            async with aclosing(outputs):
                async for output in outputs:
                    yield output


@contextmanager
def _translated() -> Iterator[None]:
    """Raises our error for vLLM's; its own are no ValueErrors and know no status."""
    try:
        yield
    except VLLMClientError as error:
        raise InvalidInput(f"vLLM refused the prompt: {error}") from error
    except GracefulHTTPError as error:
        raise QueueFull(f"vLLM takes no more requests: {error}") from error
    except EngineDeadError as error:
        raise Unavailable("vLLM's engine process has died") from error
    except EngineGenerateError as error:
        raise EngineFailed(f"vLLM failed: {error.__cause__ or error!r}") from error
