"""Replicas that die and are rolled under load: `python -m tests.attack.rolling`.

Two replicas a stage, each a process tree of its own on a port of its own. In turn each is killed or
told to stop, and started anew; a short form of it is in the suite. Every request must be answered
whole, rightly, and once.
"""

import itertools
import os
import signal
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from hikari_serve.drawing.cases import draw_cases
from tests.served.pictures import png
from tests.served.server import Server, free_port, serving

STAGES = ("group", "references", "disease", "caption")
TIMEOUT_MS = 120_000
"""A slow machine starts slowly."""


@dataclass
class Replica:
    """A replica of a stage; `start` has it answer on the port that it always had."""

    stage: str
    home: Path
    port: int
    stack: ExitStack
    server: Server | None = None

    def start(self) -> None:
        self.server = self.stack.enter_context(
            serving(self.home, "runners.stage:StageRunner", port=self.port, HIKARI_STAGE=self.stage)
        )

    def restart(self, how: signal.Signals) -> None:
        """Ends it so, and starts it anew."""
        assert self.server is not None
        group = os.killpg if how is signal.SIGKILL else os.kill
        group(self.server.process.pid, how)
        self.server.process.wait()
        self.start()


class Load:
    """Asks without a pause in so many threads, and counts how the requests end."""

    def __init__(self, url: str, in_flight: int) -> None:
        self._url = url
        self._images = [png(drawing.image) for drawing in draw_cases(12, 60_000)]
        self._right = [self._ask(image) for image in self._images]
        self._turn = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._go_on) for _ in range(in_flight)]
        self.ends: Counter[str] = Counter()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self) -> None:
        while not self._over.is_set():
            row = next(self._turn) % len(self._images)
            found = self._ask(self._images[row])
            self.ends["right" if found == self._right[row] else str(found)] += 1

    def _ask(self, image: bytes) -> tuple[object, ...]:
        own = f"{threading.get_ident()}-{time.monotonic_ns()}"
        try:
            said = httpx.post(
                f"{self._url}/diagnose",
                files={"image": image},
                data={"timeout_ms": str(TIMEOUT_MS), "references": "1"},
                headers={"x-request-id": own},
                timeout=TIMEOUT_MS / 1000 + 10,
            )
        except httpx.HTTPError as error:
            return (f"lost: {error!r}",)
        body = said.json()
        if said.status_code != 200:
            return said.status_code, body["error"]
        if body["status"] == "partial":
            return "partial", *[each["error"] for each in body["stages"] if each["error"]]
        disease = body["disease"]
        return body["id"] == own, body["status"], disease and disease["label"]


def roll(
    folder: Path, stages: Sequence[str], in_flight: int, until: Callable[[int], bool], every: float
) -> tuple[Counter[str], int]:
    """Kills and stops the replicas of stages in turn, under load.

    Args:
        folder: For what the servers write.
        stages: The stages that have two replicas; the others run in the API's process.
        in_flight: Requests at once.
        until: Whether to end, after so many restarts.
        every: Seconds between two restarts.

    Returns:
        How the requests ended, and how many restarts there were.
    """
    with ExitStack() as stack:
        replicas = [
            Replica(stage, folder / f"{stage}{number}", free_port(), stack)
            for stage in stages
            for number in (1, 2)
        ]
        for replica in replicas:
            replica.start()
        places = {
            f"HIKARI_{stage.upper()}_RUNNER": ",".join(
                f"http://127.0.0.1:{each.port}" for each in replicas if each.stage == stage
            )
            for stage in stages
        }
        api = stack.enter_context(
            serving(folder / "api", HIKARI_PLACEMENT="inline", **places)  # type: ignore[arg-type]
        )
        restarts = 0
        with Load(api.url, in_flight) as load:
            how = itertools.cycle((signal.SIGKILL, signal.SIGTERM))
            for replica in itertools.cycle(replicas):
                time.sleep(every)
                assert httpx.get(f"{api.url}/readyz", timeout=5).status_code == 200
                replica.restart(next(how))
                restarts += 1
                if until(restarts):
                    break
        return load.ends, restarts


def main() -> None:
    """Rolls for as long as it is told."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--every", type=float, default=30, help="seconds between two restarts")
    parser.add_argument("--in-flight", type=int, default=4, help="half of what fills two cores")
    options = parser.parse_args()
    end = time.monotonic() + options.seconds
    with tempfile.TemporaryDirectory() as folder:
        ends, restarts = roll(
            Path(folder),
            STAGES,
            options.in_flight,
            lambda _: time.monotonic() > end,
            options.every,
        )
    print(f"{ends.total()} requests, {restarts} restarts: {dict(ends)}")
    if set(ends) != {"right"}:
        sys.exit("a request was lost, partial, or answered otherwise")


if __name__ == "__main__":
    main()
