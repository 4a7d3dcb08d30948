"""The demo family on vLLM's real code, built for CPUs; `make test-vllm` makes the environment.

The ordinary test run does not enter this folder (`norecursedirs` in pyproject.toml). With
TEST_DEVICE=cuda the engines of both sides run on a GPU, in an environment with vLLM's build for
GPUs; docs/engines.md says what came of it.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
import yaml

from hikari_serve.engines.contract import LanguageEngine, Opening
from hikari_serve.engines.registry import open_engine
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig

MODELS = Path(__file__).parents[2] / "models"
PROMPTED = ("demo_group", "demo_disease", "demo_caption")
MEMORY = 64 << 20
"""Bytes of vLLM's key-value cache; without a number it takes most of the machine."""

DEVICE = os.environ.get("TEST_DEVICE", "cpu")
PARAMETERS = {
    "kv_cache_memory_bytes": MEMORY,
    # vLLM wants that share of a card to be free, whatever it takes of it; several may start at once
    **({} if DEVICE == "cpu" else {"gpu_memory_utilization": 0.1}),
}

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing here comes from the hub


def pytest_configure(config: pytest.Config) -> None:
    # vLLM and what it imports warn of their own future; ours are errors in every other test
    config.addinivalue_line("filterwarnings", "default")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """At this size a second thread only waits, for minutes where the cores are shared."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def vllm_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository of the demo family, its prompted models on vLLM."""
    root = tmp_path_factory.mktemp("models")
    for folder in MODELS.glob("demo*"):
        shutil.copytree(folder, root / folder.name)
    for name in PROMPTED:
        path = root / name / "config.yaml"
        parts = yaml.safe_load(path.read_text())
        parts["triton"]["backend"] = "vllm"
        parts["hikari"]["engine"] |= {"parameters": PARAMETERS, "device": DEVICE}
        path.write_text(yaml.safe_dump(parts))
    return root


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """An event loop; vLLM stays with the one that it was first used in."""
    with asyncio.Runner() as runner:
        yield runner


Open = Callable[..., LanguageEngine]


@pytest.fixture(scope="module")
def opened(loop: asyncio.Runner) -> Iterator[Open]:
    """Opens engines on a demo model, and closes them after the module's tests."""
    engines: list[LanguageEngine] = []

    def opened(backend: str, name: str = "demo_disease", **changes: object) -> LanguageEngine:
        engines.append(open_engine(backend, opening(backend, name, **changes)))
        return engines[-1]

    yield opened
    for engine in engines:
        loop.run(engine.close())


def opening(backend: str, name: str = "demo_disease", **changes: object) -> Opening:
    """What a demo model is opened with; `parameters` come on top of the memory."""
    repository = Repository(MODELS)
    hikari = repository.config(name).hikari
    assert isinstance(hikari, ClassifierConfig | DescriberConfig)
    parameters = {**PARAMETERS, **changes.pop("parameters", {})}  # type: ignore[dict-item]
    settings = {
        "folder": repository.version_folder(name, 1),
        "device": DEVICE,
        "dtype": "float32",
        "max_batch": 16,
        "max_context": hikari.limits.max_context_tokens,
        "max_new_tokens": hikari.limits.max_new_tokens,
        "max_images": hikari.limits.max_images,
        "max_side": hikari.preprocessing.max_side,
        "scores": hikari.decoding == "score",
        "threads": 1,
        "thinking": "closed",
        "parameters": parameters if backend == "vllm" else {},
    }
    return Opening(model=name, **{**settings, **changes})  # type: ignore[arg-type]
