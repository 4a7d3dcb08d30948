"""The gRPC server: its health, its connections, its port and its end."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
import tritonclient.grpc as triton
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from tritonclient.grpc import service_pb2 as pb
from tritonclient.grpc import service_pb2_grpc

from hikari_serve.errors import (
    ConfigError,
)
from hikari_serve.serving.oip.grpc import server as module
from hikari_serve.serving.oip.grpc.server import SERVICE, GrpcServer
from hikari_serve.serving.tls import private_key_and_chain
from tests.certificates import self_signed
from tests.serving.oip.conftest import Plane
from tests.serving.oip.grpc.calls import pictures, refused
from tests.serving.oip.grpc.conftest import listening


def test_health_and_reflection(address: str, plane: Plane) -> None:
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        asked = health_pb2.HealthCheckRequest(service=SERVICE)
        until = time.monotonic() + 5
        while health.Check(asked).status != health_pb2.HealthCheckResponse.SERVING:
            assert time.monotonic() < until
            time.sleep(0.05)
        with pytest.raises(grpc.RpcError) as raised:
            health.Check(health_pb2.HealthCheckRequest(service="nothing"))
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
        database = ProtoReflectionDescriptorDatabase(channel)
        assert SERVICE in database.get_services()
        found = database.FindFileContainingSymbol(SERVICE)
        assert "ModelStreamInfer" in {each.name for each in found.service[0].method}


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_is_that_of_the_server_from_its_first_moment(plane: Plane, service: str) -> None:
    looked, stage = threading.Event(), plane.bench.stages["group"]

    async def looking() -> None:
        while not looked.is_set():
            await asyncio.sleep(0.01)

    stage.ready = looking  # type: ignore[method-assign]
    with listening(plane) as address, grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        asked = health_pb2.HealthCheckRequest(service=service)
        assert health.Check(asked).status == health_pb2.HealthCheckResponse.NOT_SERVING
        looked.set()
        until = time.monotonic() + 5
        while health.Check(asked).status != health_pb2.HealthCheckResponse.SERVING:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_is_not_serving_while_a_stage_loads(
    plane: Plane, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    stage = plane.bench.stages[plane.bench.cascade.graph.headline]
    stage.loading = True
    with listening(plane) as address, grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        asked = health_pb2.HealthCheckRequest(service=service)
        for loading, status in ((True, "NOT_SERVING"), (False, "SERVING"), (True, "NOT_SERVING")):
            stage.loading = loading
            wanted = health_pb2.HealthCheckResponse.ServingStatus.Value(status)
            until = time.monotonic() + 5
            while health.Check(asked).status != wanted:
                assert time.monotonic() < until
                time.sleep(0.02)


def test_a_connection_ends_so_that_others_are_found(plane: Plane) -> None:
    with listening(plane, connection_age_ms=300) as address:
        states: list[Any] = []
        with grpc.insecure_channel(address) as channel:
            channel.subscribe(states.append)
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            until = time.monotonic() + 5
            while grpc.ChannelConnectivity.IDLE not in states[1:]:
                assert stub.ServerLive(pb.ServerLiveRequest()).live
                assert time.monotonic() < until
                time.sleep(0.05)


def test_a_new_process_gets_calls_of_clients_that_were_there(plane: Plane) -> None:
    new = Plane()
    options = {"shared": True, "connection_age_ms": 100}
    with listening(plane, **options) as address, triton.InferenceServerClient(address) as client:
        client.infer("demo", pictures(plane.bench.image))
        port = int(address.rpartition(":")[2])
        with listening(new, port=port, **options):
            until = time.monotonic() + 10
            while not new.bench.stages["group"].items:
                client.infer("demo", pictures(plane.bench.image))
                assert time.monotonic() < until


def test_tls_is_that_of_http(plane: Plane, tmp_path: Path) -> None:
    made = self_signed(tmp_path / "own")
    files = private_key_and_chain(str(made.cert), str(made.key))
    with listening(plane, tls=files) as address:
        trusted = triton.InferenceServerClient(address, ssl=True, root_certificates=str(made.cert))
        with trusted as client:
            assert client.is_server_ready()
        with triton.InferenceServerClient(address) as client:
            code, _ = refused(client.is_server_ready)
            assert code == "StatusCode.UNAVAILABLE"


def test_a_port_in_use_is_one_sentence(plane: Plane, address: str) -> None:
    port = int(address.rpartition(":")[2])

    async def start() -> None:
        server = GrpcServer(
            plane.plane, max_image_bytes=1, keys=None, shared=False, drain_seconds=0
        )
        await server.start("127.0.0.1", port)

    with pytest.raises(ConfigError, match="set HIKARI_GRPC_PORT to a free port, or to 0"):
        asyncio.run(start())


def test_calls_that_run_may_end(plane: Plane) -> None:
    for stage in plane.bench.stages.values():
        stage.seconds = 0.5
    with ThreadPoolExecutor() as threads:
        with listening(plane) as address:
            client = triton.InferenceServerClient(address)
            call = threads.submit(client.infer, "demo", pictures(plane.bench.image))
            while not plane.bench.stages["group"].items:
                time.sleep(0.005)
        assert list(call.result().as_numpy("disease.label")) == [b"sccis"]
        code, _ = refused(lambda: client.infer("demo", pictures(plane.bench.image)))
        assert code == "StatusCode.UNAVAILABLE"
        client.close()


def test_more_calls_than_are_taken_at_once_are_refused(plane: Plane) -> None:
    for stage in plane.bench.stages.values():
        stage.seconds = 0.5
    with (
        listening(plane, most_calls=1) as address,
        triton.InferenceServerClient(address) as client,
        ThreadPoolExecutor() as threads,
    ):
        call = threads.submit(client.infer, "demo", pictures(plane.bench.image))
        while not plane.bench.stages["group"].items:
            time.sleep(0.005)
        code, _ = refused(client.is_server_ready)
        assert code == "StatusCode.RESOURCE_EXHAUSTED"
        assert call.result().as_numpy("error") is not None
        assert client.is_server_ready()
