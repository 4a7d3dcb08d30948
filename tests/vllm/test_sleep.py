"""A wake or a sleep that fails: what it held is given back, or the engine is ended.

vLLM's client, core and executor are the real ones, and so is what they believe of who sleeps; only
the worker's memory is made up, because vLLM cannot sleep on a CPU.
"""

import asyncio
from pathlib import Path

import psutil
import pytest
import torch

from hikari_serve.engines.contract import Generate
from hikari_serve.engines.registry import open_engine
from hikari_serve.engines.vllm.engine import VllmEngine
from hikari_serve.errors import EngineFailed
from tests.vllm.conftest import DEVICE, MEMORY, opening
from tests.vllm.prompts import asked, caption_prompts

WORKER = {"worker_cls": "tests.vllm.sleeper.Sleeper"}


@pytest.mark.skipif(DEVICE != "cpu", reason="the sleeper is vLLM's worker for CPUs")
def test_a_wake_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wakes, held = tmp_path / "wakes", tmp_path / "held"
    monkeypatch.setenv("WAKES", str(wakes))
    monkeypatch.setenv("HELD", str(held))
    wakes.write_text("well")
    with asyncio.Runner() as loop:
        engine = open_engine("vllm", opening("vllm", "demo_caption", parameters=WORKER))
        assert isinstance(engine, VllmEngine)
        engine._llm.model_config.enable_sleep_mode = True  # vLLM refuses to be told so on a CPU
        before = text(loop, engine)

        loop.run(engine.sleep())
        assert held.read_text() == ""

        wakes.write_text("half")
        with pytest.raises(EngineFailed, match=r"vLLM could not wake: .*CUDA Error: out of memory"):
            loop.run(engine.wake())
        assert held.read_text() == ""  # the weights that it had mapped are given back
        loop.run(engine.sleep())  # what a turn that failed does; vLLM finds itself asleep
        assert held.read_text() == ""

        wakes.write_text("well")
        loop.run(engine.wake())
        assert held.read_text() == "weights cache"
        assert text(loop, engine) == before  # it answers again

        loop.run(engine.sleep())
        wakes.write_text("worse")
        started = processes()
        with pytest.raises(EngineFailed, match="vLLM could not wake"):
            loop.run(engine.wake())
        reason = loop.run(asyncio.wait_for(engine.died(), 10))
        assert "nor go back to sleep" in reason
        assert "memory could not be unmapped" in reason
        loop.run(engine.close())
    _, alive = psutil.wait_procs(started, timeout=30)
    assert not alive


@pytest.mark.skipif(DEVICE != "cpu", reason="the sleeper is vLLM's worker for CPUs")
def test_a_sleep_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wakes = tmp_path / "wakes"
    monkeypatch.setenv("WAKES", str(wakes))
    monkeypatch.setenv("HELD", str(tmp_path / "held"))
    with asyncio.Runner() as loop:
        engine = open_engine("vllm", opening("vllm", "demo_caption", parameters=WORKER))
        assert isinstance(engine, VllmEngine)
        engine._llm.model_config.enable_sleep_mode = True  # vLLM refuses to be told so on a CPU
        started = processes()
        wakes.write_text("worse")
        with pytest.raises(EngineFailed, match=r"could not go to sleep: .*could not be unmapped"):
            loop.run(engine.sleep())
        _, alive = psutil.wait_procs(started, timeout=30)
        assert not alive  # nothing of the device is held
        assert "could not go to sleep" in loop.run(asyncio.wait_for(engine.died(), 10))
        loop.run(engine.sleep())  # what a turn that failed does
        with pytest.raises(EngineFailed, match="could not go to sleep"):
            loop.run(engine.wake())
        loop.run(engine.close())


@pytest.mark.skipif(DEVICE == "cpu", reason="vLLM cannot sleep on a CPU")
def test_a_sleeper_gives_its_memory_back_and_answers_as_before() -> None:
    with asyncio.Runner() as loop:
        engine = open_engine("vllm", opening("vllm", "demo_caption", turns=True))
        assert isinstance(engine, VllmEngine)
        before = text(loop, engine)
        for _ in range(2):
            awake = free_bytes()
            loop.run(engine.sleep())
            assert free_bytes() - awake > MEMORY  # its cache, at least
            loop.run(engine.wake())
            assert free_bytes() - awake < MEMORY / 2
            assert text(loop, engine) == before
        loop.run(engine.close())


def free_bytes() -> int:
    """What is free of the GPU."""
    return int(torch.cuda.mem_get_info(DEVICE)[0])


def processes() -> list[psutil.Process]:
    """Those that vLLM has started."""
    children = psutil.Process().children(recursive=True)
    started = [child for child in children if child.name().startswith("VLLM")]
    assert len(started) >= 2  # the engine and its worker
    return started


def text(loop: asyncio.Runner, engine: VllmEngine) -> str:
    (call,) = asked(loop, engine, caption_prompts(1), Generate(16))
    return str(call.output.text)
