"""Asks SGLang about one call's prompt, and turns its errors into ours."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from starlette.exceptions import HTTPException

from hikari_serve.engines.contract import Call
from hikari_serve.errors import EngineFailed, HikariError, InvalidInput, QueueFull

BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
"""What SGLang answers when its own queue is full."""


class SglangSession:
    """The requests to SGLang that answer one call; they share its prompt, adapter and priority.

    Cancelling a method aborts its request in SGLang.
    """

    def __init__(self, engine: Any, call: Call, adapter: str | None) -> None:
        """Args:
        engine: An `sglang.Engine`.
        call: Whose prompt to read.
        adapter: Name of the adapter to apply to the weights.
        """
        self._engine = engine
        self._call = call
        self._adapter = adapter

    async def logprobs(self, then: Sequence[int], of: Sequence[int]) -> list[float]:
        """Log-probabilities of some tokens behind the prompt and `then`.

        SGLang takes them from the logits of its whole vocabulary, undivided, because everything
        that it is asked here is greedy.

        Raises:
            HikariError: SGLang refused the prompt or failed.
        """
        with self._request(then, {"max_new_tokens": 1}) as request:
            output = await self._engine.async_generate(
                **request, return_logprob=True, token_ids_logprob=list(of)
            )
            _raise_if_aborted(output)
        (place,) = output["meta_info"]["output_token_ids_logprobs"]
        read = {token: float(logprob) for logprob, token, _ in place}
        return [read[token] for token in of]

    async def write(
        self, then: Sequence[int], at_most: int, until: frozenset[int]
    ) -> AsyncIterator[int]:
        """The tokens that the model writes behind the prompt and `then`, greedily.

        Args:
            then: What it has written already.
            at_most: Tokens to write.
            until: Tokens behind which it stops; that one comes as well.

        Raises:
            HikariError: SGLang refused the prompt or failed.
        """
        # not `ignore_eos`: SGLang would then heed none of these tokens
        parameters = {"max_new_tokens": at_most, "stop_token_ids": sorted(until)}
        written = 0
        with self._request(then, parameters) as request:
            outputs = await self._engine.async_generate(**request, stream=True)
            async with aclosing(outputs):
                async for output in outputs:
                    _raise_if_aborted(output)
                    fresh = output["output_ids"][written:]  # it has all tokens so far
                    written += len(fresh)
                    for token in fresh:
                        yield token

    @contextmanager
    def _request(self, then: Sequence[int], parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What every request says; aborts it when the caller leaves, and translates errors."""
        request = self._call.request
        rid = uuid4().hex
        try:
            yield {
                "input_ids": [*request.input_ids, *then],
                "image_data": request.image_data(),
                "sampling_params": {"temperature": 0, **parameters},
                "lora_path": self._adapter,
                "priority": self._call.priority,
                "rid": rid,
            }
        except (asyncio.CancelledError, GeneratorExit):
            self._engine.tokenizer_manager.abort_request(rid=rid)
            raise
        except HTTPException as error:
            raise _refusal(error.status_code, error.detail) from error
        except ValueError as error:
            raise _refusal(HTTPStatus.BAD_REQUEST, str(error)) from error


def _raise_if_aborted(output: dict[str, Any]) -> None:
    """Raises for an answer that says that there is none: streams end so, and aborted requests."""
    reason = output["meta_info"]["finish_reason"]
    if reason is not None and reason["type"] == "abort":
        raise _refusal(reason.get("status_code"), reason["message"])


def _refusal(status: int | None, message: str) -> HikariError:
    if status == HTTPStatus.BAD_REQUEST:
        return InvalidInput(f"SGLang refused the prompt: {message}")
    if status in BUSY:
        return QueueFull(f"SGLang takes no more requests: {message}")
    return EngineFailed(f"SGLang failed: {message}")
