"""`inference.GRPCInferenceService`: each method is one question to the data plane.

Errors are raised; the gate turns them into codes.
"""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Any

from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from hikari_serve import __version__
from hikari_serve.errors import NotFound, Unsupported
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.serving.admission import Admission
from hikari_serve.serving.ending import Ending, ending, telling
from hikari_serve.serving.oip.control import check_load, check_unload
from hikari_serve.serving.oip.dataplane import EXTENSIONS, NAME, DataPlane
from hikari_serve.serving.oip.grpc.stream import stream
from hikari_serve.serving.oip.grpc.translate import parameters_of, read, write
from hikari_serve.serving.oip.messages import InferRequest
from hikari_serve.serving.oip.signature import Port
from hikari_serve.serving.oip.statistics import DURATIONS
from hikari_serve.serving.request_id import current, trace_of

_MEMORY = "shared memory is not offered; send the data itself"

UNSUPPORTED = {
    "SystemSharedMemoryStatus": _MEMORY,
    "SystemSharedMemoryRegister": _MEMORY,
    "SystemSharedMemoryUnregister": _MEMORY,
    "CudaSharedMemoryStatus": _MEMORY,
    "CudaSharedMemoryRegister": _MEMORY,
    "CudaSharedMemoryUnregister": _MEMORY,
    "TraceSetting": "tracing is set where the server is started",
    "LogSettings": "logging is set where the server is started",
}
"""The rest of Triton's surface, and what to do instead."""


class InferenceService(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Answers the protocol's methods."""

    def __init__(self, plane: DataPlane, admission: Admission, observer: Observer = NOBODY) -> None:
        """Args:
        plane: What answers.
        admission: Bounds the requests of streams at once; the gate does those of calls.
        observer: Hears how each request of a stream ended.
        """
        self._plane = plane
        self._admission = admission
        self._observer = observer
        for name, why in UNSUPPORTED.items():
            setattr(self, name, _refused(why))

    async def ServerLive(self, message: Any, context: Any) -> Any:  # noqa: N802
        """Whether the process runs."""
        return pb.ServerLiveResponse(live=True)

    async def ServerReady(self, message: Any, context: Any) -> Any:  # noqa: N802
        """Whether requests may come."""
        return pb.ServerReadyResponse(ready=await self._plane.ready())

    async def ModelReady(self, message: Any, context: Any) -> Any:  # noqa: N802
        """Whether a model answers; one that is not served does not, as Triton says it."""
        try:
            ready = await self._plane.model_ready(message.name, message.version)
        except NotFound:
            ready = False
        return pb.ModelReadyResponse(ready=ready)

    async def ServerMetadata(self, message: Any, context: Any) -> Any:  # noqa: N802
        """Who this is."""
        return pb.ServerMetadataResponse(name=NAME, version=__version__, extensions=EXTENSIONS)

    async def ModelMetadata(self, message: Any, context: Any) -> Any:  # noqa: N802
        """What a model takes and gives."""
        found = self._plane.metadata(message.name, message.version)
        return pb.ModelMetadataResponse(
            name=found.name,
            versions=found.versions,
            platform=found.signature.platform,
            inputs=[_port(each) for each in found.signature.inputs.values()],
            outputs=[_port(each) for each in found.signature.outputs.values()],
        )

    async def ModelConfig(self, message: Any, context: Any) -> Any:  # noqa: N802
        """A model's configuration."""
        found = self._plane.metadata(message.name, message.version)
        return pb.ModelConfigResponse(config=found.signature.config)

    async def ModelStatistics(self, message: Any, context: Any) -> Any:  # noqa: N802
        """What was counted."""
        answer = pb.ModelStatisticsResponse()
        for model, counted in self._plane.statistics(message.name, message.version).items():
            row = answer.model_stats.add(
                name=model.name,
                version=model.version,
                last_inference=counted.last_ms,
                inference_count=counted.success.count,
                execution_count=round(counted.executions),
            )
            for name in DURATIONS:
                duration = counted.duration(name)
                told = getattr(row.inference_stats, name)
                told.count, told.ns = duration.count, duration.ns
        return answer

    async def RepositoryIndex(self, message: Any, context: Any) -> Any:  # noqa: N802
        """Every model of the repository."""
        rows = await self._plane.index(ready=message.ready)
        answer = pb.RepositoryIndexResponse()
        for each in rows:
            version = str(each.version) if each.version else ""
            answer.models.add(
                name=each.model, version=version, state=each.state, reason=each.reason
            )
        return answer

    async def RepositoryModelLoad(self, message: Any, context: Any) -> Any:  # noqa: N802
        """Loads a model as it lies in the repository now."""
        controller = self._plane.controller()
        check_load(parameters_of(message.parameters))
        await controller.load(message.model_name)
        return pb.RepositoryModelLoadResponse()

    async def RepositoryModelUnload(self, message: Any, context: Any) -> Any:  # noqa: N802
        """Unloads a model."""
        controller = self._plane.controller()
        check_unload(parameters_of(message.parameters))
        await controller.unload(message.model_name)
        return pb.RepositoryModelUnloadResponse()

    async def ModelInfer(self, message: Any, context: Any) -> Any:  # noqa: N802
        """Answers one request."""
        return write(await self._plane.infer(_asked(message, context)))

    async def ModelStreamInfer(self, messages: Any, context: Any) -> AsyncGenerator[Any, None]:  # noqa: N802
        """Answers requests as they come, each with as many responses as it has parts."""
        asked = partial(_asked, context=context)
        taken = partial(self._taken, current.get(), _trace(context))
        async with aclosing(stream(self._plane, messages, asked, taken)) as responses:
            async for each in responses:
                yield each

    @contextmanager
    def _taken(self, request: str, trace: str | None, size: int) -> Iterator[Ending]:
        """A request of a stream, of so many bytes, from when it is taken in to its end."""
        heard = telling(self._observer, "oip_grpc", request, trace)
        with heard as its, self._admission.place() as place:
            place.hold(size)
            yield its


def _asked(message: Any, context: Any) -> InferRequest:
    left = context.time_remaining()
    return read(
        message,
        request_id=current.get(),
        deadline=None if left is None else time.time() + left,
        traceparent=ending().trace,
    )


def _trace(context: Any) -> str | None:
    return trace_of(dict(context.invocation_metadata() or ()).get("traceparent"))


def _refused(why: str) -> Any:
    async def refuse(message: Any, context: Any) -> Any:
        raise Unsupported(why)

    return refuse


def _port(port: Port) -> Any:
    return pb.ModelMetadataResponse.TensorMetadata(
        name=port.name, datatype=port.datatype, shape=port.shape
    )
