"""The gRPC server, in the event loop of the API: it starts and drains with it."""

import asyncio
import logging

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tritonclient.grpc import service_pb2_grpc

from hikari_serve.errors import ConfigError
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.serving.admission import Admission
from hikari_serve.serving.body import FIELDS_BYTES
from hikari_serve.serving.keys import Keys
from hikari_serve.serving.oip.checks import LONGEST_MS
from hikari_serve.serving.oip.dataplane import DataPlane
from hikari_serve.serving.oip.grpc.gate import Gate
from hikari_serve.serving.oip.grpc.intake import Intake
from hikari_serve.serving.oip.grpc.servicer import InferenceService

logger = logging.getLogger(__name__)

SERVICE = "inference.GRPCInferenceService"

MOST_CALLS = 512
"""Calls and streams at once in one process; further ones are RESOURCE_EXHAUSTED."""

CONNECTION_AGE_MS = 300_000
"""When a connection is closed for new calls, give or take a tenth, which gRPC does itself: clients
connect anew, and so reach replicas that were not there before."""

LOOK_SECONDS = 1.0
"""Between two looks whether the health has changed."""


class GrpcServer:
    """The protocol's gRPC door of one process."""

    def __init__(
        self,
        plane: DataPlane,
        *,
        max_image_bytes: int,
        keys: Keys | None,
        shared: bool,
        drain_seconds: float,
        connection_age_ms: int = CONNECTION_AGE_MS,
        most_calls: int = MOST_CALLS,
        observer: Observer = NOBODY,
        admission: Admission | None = None,
    ) -> None:
        """Args:
        plane: What answers.
        max_image_bytes: The largest picture.
        keys: Who may ask for what; None lets everybody.
        shared: Whether other processes of this server listen on the same port.
        drain_seconds: How long calls may go on after the server was told to stop.
        connection_age_ms: How long a connection takes new calls.
        most_calls: Calls and streams at once.
        observer: Hears how each request for an answer ended.
        admission: Bounds those that are answered at once; None bounds them as `most_calls` does.
        """
        largest = max_image_bytes + FIELDS_BYTES
        admission = admission or Admission(most_calls, most_calls * largest)
        intake = Intake(max(1, admission.most_bytes // largest))
        self._plane = plane
        self._drain_seconds = drain_seconds
        self._draining: asyncio.Task[None] | None = None
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            interceptors=[Gate(keys, admission, intake, observer)],
            maximum_concurrent_rpcs=most_calls,
            options=[
                ("grpc.max_receive_message_length", largest),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_connection_age_ms", connection_age_ms),
                ("grpc.max_connection_age_grace_ms", LONGEST_MS),
                ("grpc.so_reuseport", int(shared)),
            ],
        )
        service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(
            InferenceService(plane, admission, observer), self._server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
        )

    async def start(self, host: str, port: int, tls: tuple[bytes, bytes] | None = None) -> int:
        """Begins to listen.

        Args:
            host: The address; that of the API over HTTP.
            port: The port; 0 takes a free one.
            tls: The private key and the certificate chain, both PEM; None listens in clear.

        Returns:
            The port.

        Raises:
            ConfigError: The port is taken.
        """
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            if tls is None:
                bound = self._server.add_insecure_port(address)
            else:
                credentials = grpc.ssl_server_credentials([tls])
                bound = self._server.add_secure_port(address, credentials)
        except RuntimeError:
            raise ConfigError(
                f"cannot listen for gRPC on {address}: set HIKARI_GRPC_PORT to a free port, or to "
                "0 for no gRPC"
            ) from None
        await self._tell_health(ready=False)  # without it, grpc_health says SERVING of ""
        await self._server.start()
        self._following = asyncio.create_task(self._follow())
        logger.info("gRPC: %s", address)
        return int(bound)

    def drain(self) -> None:
        """Takes no new call from now on, and lets those that run end."""
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())

    async def close(self) -> None:
        """Drains, and returns when the last call ended."""
        self.drain()
        assert self._draining is not None
        await self._draining

    async def _drain(self) -> None:
        self._following.cancel()
        await self._health.enter_graceful_shutdown()
        await self._server.stop(self._drain_seconds)

    async def _follow(self) -> None:
        """Keeps `grpc.health.v1` as ready as the server is."""
        while True:
            await self._tell_health(ready=await self._plane.ready())
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell_health(self, *, ready: bool) -> None:
        status = health_pb2.HealthCheckResponse
        for name in ("", SERVICE):
            await self._health.set(name, status.SERVING if ready else status.NOT_SERVING)
