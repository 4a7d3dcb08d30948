"""A stream of requests, answered side by side: each with its parts, and last its whole answer.

An error is told in the stream, with the id of its request, and the stream goes on.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import AbstractContextManager
from typing import Any

from google.protobuf.message import DecodeError
from tritonclient.grpc import service_pb2 as pb

from hikari_serve.errors import HikariError
from hikari_serve.serving.ending import Ending
from hikari_serve.serving.oip.dataplane import DataPlane
from hikari_serve.serving.oip.grpc.intake import unreadable
from hikari_serve.serving.oip.grpc.translate import write
from hikari_serve.serving.oip.messages import LONGEST_ID, InferRequest, InferResponse
from hikari_serve.serving.oip.parts import FINAL

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 64
"""Requests of one stream whose last response the client has not taken; further ones are read
later, so that a client that does not read fills no memory."""


class _Response:
    """A response that waits for the client to take it, and whether it has."""

    def __init__(self, message: pb.ModelStreamInferResponse) -> None:
        self.message = message
        self.taken = asyncio.Event()


async def stream(
    plane: DataPlane,
    messages: AsyncIterable[Any],
    read: Callable[[Any], InferRequest],
    taken: Callable[[int], AbstractContextManager[Ending]],
) -> AsyncGenerator[pb.ModelStreamInferResponse, None]:
    """Answers what comes until the client has sent all; leaving it cancels what runs.

    Args:
        plane: What answers.
        messages: The requests.
        read: Reads one.
        taken: Opens the block in which one of so many bytes is answered, if there is room for it,
            until its last response is taken.

    Raises:
        InvalidInput: What came last is no message; what came before it is answered.
    """
    responses: asyncio.Queue[_Response | None] = asyncio.Queue()
    places = asyncio.Semaphore(MOST_AT_ONCE)

    def put(message: pb.ModelStreamInferResponse) -> asyncio.Event:
        response = _Response(message)
        responses.put_nowait(response)
        return response.taken

    def put_answer(answer: InferResponse) -> asyncio.Event:
        return put(pb.ModelStreamInferResponse(infer_response=write(answer)))

    async def answer(message: Any) -> None:
        try:
            with taken(message.ByteSize()) as its:

                def tell(part: InferResponse) -> None:
                    its.event(words=False)
                    put_answer(part)

                last = put_answer(await plane.infer(read(message), tell))
                await last.wait()
        except HikariError as error:
            put(_failed(message, error))
        except Exception:
            logger.exception("a request of a stream failed")
            failure = HikariError("the server failed; its log says why")
            put(_failed(message, failure))

    async def answer_each(group: asyncio.TaskGroup) -> bool:
        """Begins to answer all that comes; False where it ends in what is no message."""
        try:
            async for message in messages:
                await places.acquire()
                group.create_task(answer(message))
        except DecodeError:
            return False
        return True

    async def answer_all() -> None:
        try:
            async with asyncio.TaskGroup() as group:
                whole = await answer_each(group)
            if not whole:
                raise unreadable()
        finally:
            responses.put_nowait(None)

    answering = asyncio.create_task(answer_all())
    try:
        while (response := await responses.get()) is not None:
            yield response.message
            response.taken.set()
            if response.message.infer_response.parameters[FINAL].bool_param:
                places.release()
        await answering
    finally:
        answering.cancel()


def _failed(message: Any, error: HikariError) -> pb.ModelStreamInferResponse:
    """The last response of a request that failed; its parameters carry the codes."""
    response = pb.ModelStreamInferResponse(error_message=error.message)
    # longer ones are wrong, and come back as far as they may
    response.infer_response.model_name = message.model_name[:LONGEST_ID]
    response.infer_response.id = message.id[:LONGEST_ID]
    parameters = response.infer_response.parameters
    parameters[FINAL].bool_param = True
    parameters["code"].string_param = error.code
    parameters["grpc"].string_param = error.grpc
    if error.retry_after is not None:
        parameters["retry_after"].double_param = error.retry_after
    return response
