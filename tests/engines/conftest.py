import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from hikari_serve.engines.transformers.engine import TransformersEngine
from tests.engines.taught import teach


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """At this size a second thread only waits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


LIMITS = {"max_batch": 8, "max_context": 128, "max_images": 3, "max_work": 4096}


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taught")
    teach(folder)
    return folder


Load = Callable[..., TransformersEngine]


@pytest.fixture(scope="session")
def load(checkpoint: Path) -> Load:
    def load(folder: Path = checkpoint, **changes: Any) -> TransformersEngine:
        settings: dict[str, Any] = {
            "device": "cpu",
            "dtype": "float32",
            "threads": 1,
            "thinking": "closed",
        }
        return TransformersEngine.load(folder, **{**LIMITS, **settings, **changes})

    return load


@pytest.fixture(scope="session")
def closed(load: Load) -> Iterator[TransformersEngine]:
    engine = load()
    yield engine
    asyncio.run(engine.close())


@pytest.fixture(scope="session")
def natural(load: Load) -> Iterator[TransformersEngine]:
    engine = load(thinking="natural", max_thinking=64)
    yield engine
    asyncio.run(engine.close())
