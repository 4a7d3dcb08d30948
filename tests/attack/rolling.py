"""Replicas that die and are rolled under load: `python -m tests.attack.rolling`.

Two replicas a stage, each a process tree of its own on a port of its own. First one after the other
is killed, at equal times, and started anew; then all are rolled: told to stop and started anew, each
when the one before is ready. A short form of it is in the suite. Every request must be answered
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
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from math import inf
from pathlib import Path

import httpx

from hikari_serve.drawing.cases import draw_cases
from tests.crowd import crowd
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
            serving(
                self.home,
                "runners.stage:StageRunner",
                port=self.port,
                HIKARI_STAGE=self.stage,
                HIKARI_THREADS="1",  # else each would take all cores, as if it were alone there
            )
        )

    def restart(self, how: signal.Signals) -> None:
        """Ends it so, and starts it anew."""
        assert self.server is not None
        group = os.killpg if how is signal.SIGKILL else os.kill
        group(self.server.process.pid, how)
        self.server.process.wait()
        self.start()


class Load:
    """Asks for pictures in turn, and counts how the requests end."""

    def __init__(self, url: str, in_flight: int) -> None:
        self._url = url
        self._in_flight = in_flight
        self._images = [png(drawing.image) for drawing in draw_cases(12, 60_000)]
        self._right = [self._ask(image) for image in self._images]
        self._turn = itertools.count()
        self.ends: Counter[str] = Counter()

    def undisturbed(self, seconds: float) -> float:
        """How many requests a second are answered while nothing is restarted."""
        before, began = self.ends.total(), time.monotonic()
        with crowd(self.once, self._in_flight):
            time.sleep(seconds)
        return (self.ends.total() - before) / (time.monotonic() - began)

    def once(self) -> None:
        """Asks for the next picture."""
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
    folder: Path,
    stages: Sequence[str],
    in_flight: int,
    *,
    kills: int,
    every: float,
    calm: float = 0.0,
) -> tuple[Counter[str], float]:
    """Kills replicas of stages in turn and rolls all of them, under load.

    Args:
        folder: For what the servers write.
        stages: The stages that have two replicas; the others run in the API's process.
        in_flight: Requests at once, at most.
        kills: How many replicas are killed.
        every: Seconds between two kills.
        calm: Seconds in which nothing is restarted, to learn how many requests a second are
            answered; then half as many are asked. 0 asks for as many as are answered.

    Returns:
        How the requests ended, and how many were asked a second; infinite without `calm`.
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

        def restart(replica: Replica, how: signal.Signals) -> None:
            assert httpx.get(f"{api.url}/readyz", timeout=5).status_code == 200
            replica.restart(how)

        load = Load(api.url, in_flight)
        per_second = load.undisturbed(calm) / 2 if calm else inf
        with crowd(load.once, in_flight, per_second):
            began = time.monotonic()
            for number, replica in enumerate(islice(itertools.cycle(replicas), kills), 1):
                time.sleep(max(0.0, began + number * every - time.monotonic()))
                restart(replica, signal.SIGKILL)
            for replica in replicas:
                restart(replica, signal.SIGTERM)
        return load.ends, per_second


def main() -> None:
    """Kills for as long as it is told, and rolls."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--every", type=float, default=30, help="seconds between two kills")
    parser.add_argument("--in-flight", type=int, default=8, help="requests at once, at most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ends, per_second = roll(
            Path(folder),
            STAGES,
            options.in_flight,
            kills=options.kills,
            every=options.every,
            calm=options.every,
        )
    print(
        f"{ends.total()} requests, at last {per_second:.2f} a second, {options.kills} kills, "
        f"{2 * len(STAGES)} processes rolled: {dict(ends)}"
    )
    if set(ends) != {"right"}:
        sys.exit("a request was lost, partial, or answered otherwise")


if __name__ == "__main__":
    main()
