"""Files of counts on a full disk, and of processes that die."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from hikari_serve.observability.counts import PLACE
from hikari_serve.observability.metrics import forget_gauges

ENDS = """
import os, sys
from hikari_serve.observability.metrics import Metrics, figures
from hikari_serve.observer import RequestEnd

def end(door):
    metrics.request_ended(RequestEnd("r", None, door, "complete", None, 0.1))

def value(door):
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    its = {"door": door, "outcome": "complete", "cause": ""}
    return registry.get_sample_value("hikari_requests_total", its)

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
metrics = Metrics(figures())
"""

FILLS = """
def fill():
    with open("fill", "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            return
"""

ON_A_FULL_DISK = (
    ENDS
    + FILLS
    + """
end("before")
fill()
for number in range(600):
    end("before")
    end(f"door {number}")
assert value("before") == 601
print(value("door 599"))
os.remove("fill")
end("door 599")
print(value("door 599"))
"""
)

BORN_ON_A_FULL_DISK = (
    FILLS
    + "fill()\n"
    + ENDS
    + """
end("first")
end("first")
print(value("first"))
os.remove("fill")
end("first")
print(value("first"))
"""
)


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """The beginning of a command that runs on a disk of a megabyte, which it is in."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=1m none {disk} && cd {disk} && mkdir counts && exec "
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount + '"$@"', "sh"]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("who may mount nothing has no disk to fill")
    return command


@pytest.mark.parametrize("script", [ON_A_FULL_DISK, BORN_ON_A_FULL_DISK])
def test_a_full_disk_ends_nobody_and_all_is_told_when_there_is_room(
    small_disk: list[str], script: str
) -> None:
    ended = subprocess.run(
        [*small_disk, sys.executable, "-c", script],
        env={**counting_in("counts"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0
    full, after = ended.stdout.split()
    assert full == "None"
    assert after == ("2.0" if script is ON_A_FULL_DISK else "3.0")
    assert "no room for metrics in counts/counter_" in ended.stderr


def test_who_comes_in_place_of_a_dead_one_counts_on_in_its_file(tmp_path: Path) -> None:
    script = ENDS + "end('diagnose')\nmetrics.queue_changed('m', 1, 3, 2)\nprint(os.getpid())"
    for place in ("runner-1", "runner-2", "runner-1", "runner-1"):
        died = subprocess.check_output(
            [sys.executable, "-c", script], env={**counting_in(str(tmp_path)), PLACE: place}
        )
        forget_gauges(int(died), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "counter_runner-1.db",
        "counter_runner-2.db",
        "histogram_runner-1.db",
        "histogram_runner-2.db",
    ]
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(tmp_path))  # type: ignore[no-untyped-call]
    assert registry.get_sample_value("hikari_request_seconds_count", {"door": "diagnose"}) == 4


def counting_in(folder: str) -> dict[str, str]:
    """The environment of a process that counts there."""
    return {"PROMETHEUS_MULTIPROC_DIR": folder, "PYTHONPATH": ":".join(sys.path)}
