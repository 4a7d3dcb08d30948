"""What becomes of requests in flight when the server, or a runner alone, is told to stop."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from hikari_serve.drawing.cases import draw_cases
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.stage import Item, StageResult
from tests.served.pictures import png
from tests.served.server import Server, serving

IN_FLIGHT = 12
PATIENCE_SECONDS = 120
"""Of requests and of the server that stops: the machine may have much else to do."""

PICTURES = [png(drawing.image) for drawing in draw_cases(IN_FLIGHT, 50_000)]


PATIENTLY: dict[str, Any] = {
    "data": {"timeout_ms": str(PATIENCE_SECONDS * 1000)},
    "timeout": PATIENCE_SECONDS + 10,
}


def diagnose(server: Server, picture: bytes) -> str:
    said = httpx.post(f"{server.url}/diagnose", files={"image": picture}, **PATIENTLY)
    return str(said.json()["status"]) if said.status_code == 200 else said.text


def stream(server: Server, picture: bytes) -> str:
    said = httpx.post(f"{server.url}/diagnose/stream", files={"image": picture}, **PATIENTLY)
    *_, event, data = said.text.strip().splitlines()
    return (
        str(json.loads(data.removeprefix("data: "))["status"]) if "answer" in event else said.text
    )


def call(server: Server, picture: bytes) -> str:
    message = service_pb2.ModelInferRequest(model_name="demo")
    message.inputs.add(name="image", datatype="BYTES", shape=[1])
    message.outputs.add(name="answer")
    message.parameters["timeout"].int64_param = PATIENCE_SECONDS * 1_000_000
    message.raw_input_contents.append(len(picture).to_bytes(4, "little") + picture)
    with grpc.insecure_channel(server.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        said = stub.ModelInfer(message, timeout=PATIENCE_SECONDS).raw_output_contents[0]
    return str(json.loads(said[4:])["status"])


ASK: list[Callable[[Server, bytes], str]] = [diagnose, stream, call]


def figure(server: Server, *names: str) -> float:
    """The sum of what these gauges say."""
    figures = httpx.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in figures if line.startswith(names))


@contextmanager
def in_flight(server: Server) -> Iterator[list[Future[str]]]:
    """Requests by every door that have all been taken in, and not all been answered."""
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        asked = [
            pool.submit(ASK[number % len(ASK)], server, picture)
            for number, picture in enumerate(PICTURES)
        ]
        while figure(server, "hikari_decode_seconds_count") < IN_FLIGHT:
            assert not all(each.done() for each in asked)
            time.sleep(0.01)
        yield asked


@pytest.mark.parametrize("settings", [{}, {"HIKARI_PLACEMENT": "inline", "HIKARI_WORKERS": "2"}])
def test_what_was_taken_in_is_answered(tmp_path: Path, settings: dict[str, Any]) -> None:
    with serving(tmp_path, HIKARI_DRAIN_SECONDS=str(PATIENCE_SECONDS), **settings) as server:
        with in_flight(server) as asked:
            os.kill(server.process.pid, signal.SIGTERM)
            time.sleep(1)
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{server.url}/readyz")
            ended = [each.result() for each in asked]
        assert set(ended) <= {"complete", "abstained"}
        assert server.process.wait(10) == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as server, in_flight(server) as asked:
        for _ in range(2):
            os.kill(server.process.pid, signal.SIGTERM)
            time.sleep(0.1)
        server.process.wait(2)
        assert any(each.exception() for each in asked)
        assert "told to stop a second time" in server.log.read_text()


def test_a_runner_alone_answers_what_it_was_asked(tmp_path: Path) -> None:
    view = make_view(next(draw_cases(1, 50_000)).image, Preprocessing(max_side=128))

    async def ask(runner: Server) -> list[StageResult]:
        stage = RemoteStage("group", runner.url)
        items = [
            Item(
                id=str(number),
                model="demo_group",
                view=view,
                content=str(number),
                deadline=time.time() + 60,
            )
            for number in range(IN_FLIGHT)
        ]
        asked = [asyncio.create_task(stage.infer(item)) for item in items]
        while not await asyncio.to_thread(
            figure, runner, "hikari_stage_running", "hikari_stage_pending"
        ):
            await asyncio.sleep(0.01)
        os.kill(runner.process.pid, signal.SIGTERM)
        results = await asyncio.gather(*asked)
        await stage.close()
        return results

    with serving(tmp_path, "runners.group:GroupRunner") as runner:
        results = asyncio.run(ask(runner))
        assert len(results) == IN_FLIGHT
        assert runner.process.wait(10) == 0
