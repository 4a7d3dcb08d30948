import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from hikari_serve.engines.contract import Opening
from hikari_serve.engines.registry import open_engine
from hikari_serve.engines.sglang import engine
from hikari_serve.engines.sglang.engine import SglangEngine
from tests.engines.sglang import fake

Open = Callable[..., SglangEngine]


@pytest.fixture
def opening(checkpoint: Path) -> Opening:
    return Opening(
        model="colours",
        folder=checkpoint,
        device="cuda",
        dtype="float32",
        max_batch=4,
        max_context=128,
        max_new_tokens=64,
        max_images=3,
        threads=1,
        thinking="closed",
    )


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with one GPU on which SGLang is installed, as far as the engine can tell."""
    for name, module in fake.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "hikari_serve.engines.sglang.parameters", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(engine, "version", lambda name: fake.INTERFACE["release"])
    yield
    sys.modules.pop("hikari_serve.engines.sglang.parameters", None)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


@pytest.fixture
def opened(installed: None, opening: Opening) -> Iterator[Open]:
    """Opens one engine, as a configuration that names `sglang` would."""
    engines: list[SglangEngine] = []

    def opened(**changes: Any) -> SglangEngine:
        one = open_engine("sglang", replace(opening, **changes))
        assert isinstance(one, SglangEngine)
        engines.append(one)
        return one

    yield opened
    for one in engines:
        asyncio.run(one.close())
