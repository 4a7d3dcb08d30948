"""What processes count together, and what is left of one that died."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from hikari_serve.observability.metrics import forget_gauges

RUNNER = """
import os
from hikari_serve.observability.metrics import Metrics, figures
from hikari_serve.stage import Provenance
metrics = Metrics(figures(), "group")
metrics.queue_changed("m", 1, 3, 2)
metrics.batch_started("m", 1, 2, "full")
metrics.model_serves(Provenance(
    model="m", version=1, weights="w", engine="e", dtype="float32", preprocessing="p"))
print(os.getpid())
"""

Value = Callable[..., float | None]


@pytest.fixture
def value(tmp_path: Path) -> Value:
    def value(name: str, **labels: str) -> float | None:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]
        its = {"stage": "group", "model": "m", "version": "1", **labels}
        return registry.get_sample_value(f"hikari_{name}", its)

    return value


def run(folder: Path) -> int:
    """Lets a process count; returns its id."""
    environment = {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": ":".join(sys.path)}
    return int(subprocess.check_output([sys.executable, "-c", RUNNER], env=environment))


def test_gauges_are_of_the_living_and_counts_of_all(tmp_path: Path, value: Value) -> None:
    first, _ = run(tmp_path), run(tmp_path)
    info = {"digest": "w", "index": "", "prompt": ""}
    assert value("stage_pending") == 6
    assert value("stage_running") == 4
    assert value("model_info", **info) == 1
    assert value("batch_released_total", why="full") == 2
    forget_gauges(first, tmp_path)
    assert value("stage_pending") == 3
    assert value("model_info", **info) == 1
    assert value("batch_released_total", why="full") == 2
    assert value("batch_size_sum") == 4
