"""What every call meets before the service: its id, its key, its line in the log, its errors.

The gate itself reads a call's message, so that one without a key or a place brings none.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import grpc

from hikari_serve.errors import DeadlineExceeded, HikariError
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.serving.admission import Admission
from hikari_serve.serving.ending import telling
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.oip.grpc.errors import abort
from hikari_serve.serving.oip.grpc.intake import Intake
from hikari_serve.serving.request_id import HEADER, current, is_harmless, new_id, trace_of

logger = logging.getLogger(__name__)

PREFIX = "/inference.GRPCInferenceService/"
"""Of the methods that it guards; health and reflection are open, as `/readyz` and the docs are."""

OPEN = ("ServerLive", "ServerReady")
"""Asked by machines: without a key, and no lines in the log. Nothing that they send is read."""

WRITE_SECONDS = 60.0
"""A stream whose client takes a response no sooner is closed, because its requests keep places."""

INFER = "ModelInfer"
"""Asks for an answer; its line in the log is the observer's."""

ADMIN = ("RepositoryModelLoad", "RepositoryModelUnload")
"""What changes what is served."""


class Gate(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Guards the service as the doorstep guards HTTP."""

    def __init__(
        self,
        keys: Keys | None,
        admission: Admission,
        intake: Intake,
        observer: Observer = NOBODY,
    ) -> None:
        """Args:
        keys: Who may ask for what; None lets everybody.
        admission: Bounds the calls for an answer at once; a stream's requests take places of
            their own.
        intake: Bounds what comes at once.
        observer: Hears how each request for an answer ended; a stream tells of its own.
        """
        self._keys = keys
        self._admission = admission
        self._intake = intake
        self._observer = observer

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        """Puts the gate in front of a handler."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith(PREFIX):
            return handler
        headers = {
            key: value
            for key, value in handler_call_details.invocation_metadata
            if isinstance(value, str)
        }
        name = method.removeprefix(PREFIX)
        call = _Call(name, headers, self._keys, self._admission, self._intake, self._observer)
        parts = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.response_streaming:
            return grpc.stream_stream_rpc_method_handler(
                call.stream(handler.stream_stream), **parts
            )
        # to gRPC it is a stream of one message, because it would read a single one before the gate
        return grpc.stream_unary_rpc_method_handler(call.unary(handler.unary_unary), **parts)


class _Call:
    """One call on its way through the gate."""

    def __init__(
        self,
        name: str,
        headers: dict[str, str],
        keys: Keys | None,
        admission: Admission,
        intake: Intake,
        observer: Observer,
    ) -> None:
        given = headers.get(HEADER, "")
        self._name = name
        self._headers = headers
        self._keys = keys
        self._admission = admission
        self._intake = intake
        self._observer = observer
        self._trace = trace_of(headers.get("traceparent"))
        self._id = given if is_harmless(given) else new_id()

    def unary(self, handle: Callable[[Any, Any], Awaitable[Any]]) -> Callable[..., Any]:
        async def guarded(messages: Any, context: Any) -> Any:
            async def answer() -> Any:
                self._admit()
                message = None if self._name in OPEN else await self._intake.message(context)
                return await handle(message, context)

            async def infer() -> Any:
                with telling(self._observer, "oip_grpc", self._id, self._trace):
                    self._admit()
                    with self._admission.place() as place:
                        message = await self._intake.message(context)
                        place.hold(message.ByteSize())
                        return await handle(message, context)

            return await self._told(context, infer if self._name == INFER else answer)

        return guarded

    def stream(self, handle: Callable[[Any, Any], AsyncGenerator[Any, None]]) -> Callable[..., Any]:
        async def guarded(messages: Any, context: Any) -> None:
            async def answer() -> None:
                self._admit()
                with self._intake.stream():
                    async with aclosing(handle(messages, context)) as answers:
                        async for each in answers:
                            try:
                                async with asyncio.timeout(WRITE_SECONDS):
                                    await context.write(each)
                            except grpc.aio.InternalError:  # the client left meanwhile
                                raise asyncio.CancelledError from None
                            except TimeoutError:
                                raise DeadlineExceeded(
                                    f"no response was taken within {WRITE_SECONDS:g} seconds"
                                ) from None

            await self._told(context, answer)

        return guarded

    def _admit(self) -> None:
        if self._keys is not None and self._name not in OPEN:
            self._keys.check(self._headers, "admin" if self._name in ADMIN else "infer")

    async def _told(self, context: Any, answer: Callable[[], Awaitable[Any]]) -> Any:
        """What the call answers; however it ends, the log says so and the caller hears why."""
        began, ended = time.monotonic(), "CANCELLED"
        current.set(self._id)
        try:
            found = await answer()
            ended = "OK"
            return found
        except HikariError as error:
            ended = error.grpc
            await abort(context, error)
        except asyncio.CancelledError:
            raise
        except Exception:
            ended = "INTERNAL"
            logger.exception("%s failed", self._name)
            await abort(context, HikariError("the server failed; its log says why"))
        finally:
            if self._name not in (*OPEN, INFER):
                took = (time.monotonic() - began) * 1000
                logger.info("%s %s: %s after %.1f ms", context.peer(), self._name, ended, took)
