"""Ten minutes of requests while every 15 seconds a runner is killed.

Of the requests at least 99 % must be answered whole, none wrong, none lost.
"""

import itertools
import os
import random
import signal
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

import httpx

from hikari_serve.drawing.cases import draw_cases
from tests.crowd import crowd
from tests.served.pictures import png
from tests.served.server import serving

IN_FLIGHT = 14
WHOLE = 0.99
RUNNERS = ("GroupRunner", "ReferencesRunner", "DiseaseRunner", "CaptionRunner")
DICE = random.Random(7)


def main() -> None:
    """Asks, kills, and counts."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--every", type=float, default=15, help="seconds between two kills")
    parser.add_argument(
        "--timeout-ms", type=int, default=240_000, help="a slow machine starts slowly"
    )
    options = parser.parse_args()
    images = [png(drawing.image) for drawing in draw_cases(20, 40_000)]
    with tempfile.TemporaryDirectory() as home, serving(Path(home) / "home") as server:
        form = {"timeout_ms": str(options.timeout_ms), "references": "0"}

        def ask(image: bytes) -> tuple[str, object, bool]:
            url, own = f"{server.url}/diagnose", f"{threading.get_ident()}-{time.monotonic_ns()}"
            try:
                said = httpx.post(
                    url,
                    files={"image": image},
                    data=form,
                    headers={"x-request-id": own},
                    timeout=options.timeout_ms / 1000 + 10,
                )
            except httpx.HTTPError as error:
                return f"lost: {type(error).__name__}", None, False
            body = said.json()
            if said.status_code != 200:
                return str(said.status_code), None, False
            why = [each["error"]["message"] for each in body["stages"] if each["error"]]
            status = f"partial: {why[0]}" if body["status"] == "partial" else body["status"]
            return status, body["disease"] and body["disease"]["label"], body["id"] == own

        calm = [ask(image)[:2] for image in images]
        ends: Counter[str] = Counter()
        turn = itertools.count()

        def once() -> None:
            row = next(turn) % len(images)
            status, label, own = ask(images[row])
            if status == calm[row][0]:
                right = label == calm[row][1] and own
                ends["whole" if right else "wrong"] += 1
            else:
                ends[status] += 1

        until = time.monotonic() + options.seconds
        kills = 0
        with crowd(once, IN_FLIGHT):
            while time.monotonic() < until:
                time.sleep(options.every)
                try:
                    os.kill(server.worker(DICE.choice(RUNNERS)), signal.SIGKILL)
                    kills += 1
                except LookupError:
                    continue  # it is dead already
        noticed = server.log.read_text().count("ended with exit code -9")
    share = ends["whole"] / max(1, ends.total())
    print(f"{ends.total()} requests, {kills} kills, {noticed} noticed: {dict(ends)}, {share:.2%}")
    if share < WHOLE or ends["wrong"] or noticed != kills:
        sys.exit("too few were whole, one was wrong, or a death was not noticed")


main()
