"""Faults that are put into a served demo, each with the alert that names it."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from hikari_serve.drawing.cases import draw_case
from tests.served.pictures import png
from tests.served.server import ROOT, Server, serving

SLOW_SECONDS = 15.0
"""How long a runner that is slowed down computes: more than its alert allows, and so little that
its answers come while the drill waits, whatever machine it runs on."""

ASLEEP_SECONDS = 1.0
"""It sleeps so long, and computes in between for its part of that."""

SEED = 60_040
"""Of a drawing that the load does not send."""

QUEUE = "max_queue_size: 128"
"""Of the demo's models."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """What is served for a drill.

    Attributes:
        api: What is asked and watched.
        runner: A runner elsewhere, if the drill has one.
    """

    api: Server
    runner: Server | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault.

    Attributes:
        what: What is done.
        alert: The alert that is to name it.
        named: What the alert is to say: the stage, or the model.
        serve: Serves what it is put into, below a folder.
        put: Puts it in, until the block ends.
        clients: How many ask at once before it is put in and meanwhile.
        within: How many ask at once while it is in.
        timeout_ms: How long each of them waits.
    """

    what: str
    alert: str
    named: str
    serve: Callable[[Path], AbstractContextManager[Drilled]]
    put: Callable[[Drilled], AbstractContextManager[None]]
    clients: int = 2
    within: int = 2
    timeout_ms: int = 120_000


@contextmanager
def _demo(home: Path, models: Path = ROOT / "models") -> Iterator[Drilled]:
    with serving(home / "api", HIKARI_MODELS=str(models)) as api:
        yield Drilled(api)


@contextmanager
def _slowly(drilled: Drilled) -> Iterator[None]:
    """Lets the runner of the captions compute for so little of the time that one takes long."""
    runner = psutil.Process(drilled.api.worker("CaptionRunner"))
    awake = ASLEEP_SECONDS * _caption_seconds(drilled.api) / SLOW_SECONDS
    over = threading.Event()

    def slow_down() -> None:
        while not over.is_set():
            runner.suspend()
            over.wait(ASLEEP_SECONDS)
            runner.resume()
            time.sleep(awake)

    thread = threading.Thread(target=slow_down)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _caption_seconds(api: Server) -> float:
    """How long a caption computes before anything is slow, beside what others ask."""
    drawing = draw_case(0, SEED)
    answer = httpx.post(f"{api.url}/diagnose", files={"image": png(drawing.image)}, timeout=60)
    stages = {each["name"]: each for each in answer.raise_for_status().json()["stages"]}
    return float(stages["caption"]["compute_ms"]) / 1000


def _models(home: Path) -> Path:
    """A copy of the repository's models for one's own changes; large ones have no weights."""
    folder = home / "models"
    shutil.copytree(ROOT / "models", folder)
    return folder


@contextmanager
def _short_queue(home: Path) -> Iterator[Drilled]:
    """Serves a group model in front of which two may wait."""
    models = _models(home)
    config = models / "demo_group" / "config.yaml"
    text = config.read_text()
    assert QUEUE in text
    config.write_text(text.replace(QUEUE, "max_queue_size: 2"))
    with _demo(home, models) as drilled:
        yield drilled


@contextmanager
def _as_it_is(drilled: Drilled) -> Iterator[None]:
    yield


@contextmanager
def _elsewhere(home: Path) -> Iterator[Drilled]:
    with (
        serving(home / "group", "runners.group:GroupRunner") as runner,
        serving(home / "api", HIKARI_GROUP_RUNNER=runner.url) as api,
    ):
        yield Drilled(api, runner)


@contextmanager
def _killed(drilled: Drilled) -> Iterator[None]:
    """Kills the runner elsewhere and all that would start it anew."""
    assert drilled.runner is not None
    parent = psutil.Process(drilled.runner.process.pid)
    for process in (parent, *parent.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    yield


@contextmanager
def _damaged(home: Path) -> Iterator[Drilled]:
    """Serves from models of one's own."""
    with _demo(home, _models(home)) as drilled:
        yield drilled


@contextmanager
def _cut(drilled: Drilled) -> Iterator[None]:
    """Cuts the weights of the captions in half, and ends their runner: a new one cannot load."""
    models = Path(psutil.Process(drilled.api.process.pid).environ()["HIKARI_MODELS"])
    weights = next((models / "demo_caption").rglob("model.safetensors"))
    whole = weights.read_bytes()
    weights.unlink()  # the runner has the old file open
    weights.write_bytes(whole[: len(whole) // 2])
    psutil.Process(drilled.api.worker("CaptionRunner")).kill()
    yield


FAULTS = {
    "slow": Fault(
        f"A stage is slow: its runner is paused until a caption takes {SLOW_SECONDS:g} s.",
        "HikariStageSlow",
        "caption",
        _demo,
        _slowly,
        clients=1,
        within=8,  # one of 20 calls must be slow, of those before too
    ),
    "full": Fault(
        "A queue is full: 24 clients ask, and two items may wait in front of the model.",
        "HikariQueueFull",
        "group",
        _short_queue,
        _as_it_is,
        clients=1,
        within=24,
    ),
    "dead": Fault(
        "A runner on another port is killed, and nothing starts it anew.",
        "HikariStageFailing",
        "group",
        _elsewhere,
        _killed,
        timeout_ms=5_000,
    ),
    "load": Fault(
        "A model cannot be loaded: half of its file of weights is gone.",
        "HikariLoadFailed",
        "demo_caption",
        _damaged,
        _cut,
        timeout_ms=5_000,
    ),
}
