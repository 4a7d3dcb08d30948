"""Memory does not grow with the number of requests, and is bounded by those in flight."""

import concurrent.futures
import itertools
import os
import random
import time
from pathlib import Path

import httpx
import psutil
from PIL import Image

from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import Server, serving

REQUESTS = 2000
SLACK_BYTES = 60_000_000
"""What allocators may keep over all processes; a leak of one view a request would be 100 MB."""


def resident(server: Server) -> int:
    parent = psutil.Process(server.process.pid)
    return sum(p.memory_info().rss for p in [parent, *parent.children(recursive=True)])


def test_two_thousand_requests_leave_no_trace(drawings: list[Drawing], tmp_path: Path) -> None:
    images = [png(drawing.image) for drawing in drawings]
    with serving(tmp_path / "home") as server, httpx.Client(timeout=60) as client:

        def send(count: int) -> None:
            def one(image: bytes) -> int:
                form = {"until": "disease", "references": "1"}
                sent = client.post(f"{server.url}/diagnose", files={"image": image}, data=form)
                return sent.status_code

            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                statuses = set(pool.map(one, itertools.islice(itertools.cycle(images), count)))
            assert statuses == {200}

        send(400)  # caches and allocators settle
        settled = resident(server)
        send(REQUESTS)
        assert resident(server) - settled < SLACK_BYTES


def test_what_is_in_flight_is_bounded(tmp_path: Path) -> None:
    """The arithmetic of docs/settings.md: bodies three times, and nine bytes for each pixel."""
    most, clients = 30_000_000, 12
    noise = Image.frombytes("RGB", (1800, 1800), random.Random(1).randbytes(1800 * 1800 * 3))
    picture = png(noise)
    assert 9_500_000 < len(picture) < most / 3
    cores = len(os.sched_getaffinity(0))
    bound = 3 * most + cores * 9 * 1800 * 1800 + SLACK_BYTES
    limits = {"HIKARI_MAX_BYTES": str(most), "HIKARI_MAX_IMAGE_BYTES": str(len(picture))}
    with serving(tmp_path, **limits) as server:  # type: ignore[arg-type]
        api = psutil.Process(server.worker("Hikari"))
        form = {"timeout_ms": "120000"}

        def ask(_: int) -> httpx.Response:
            return httpx.post(
                f"{server.url}/diagnose", files={"image": picture}, data=form, timeout=130
            )

        assert ask(0).status_code == 200
        settled, peak = api.memory_info().rss, 0
        with concurrent.futures.ThreadPoolExecutor(clients) as pool:
            asked = [pool.submit(ask, number) for number in range(2 * clients)]
            while not all(each.done() for each in asked):
                peak = max(peak, api.memory_info().rss)
                time.sleep(0.01)
        said = [each.result() for each in asked]
        assert peak - settled < bound
        assert {each.status_code for each in said} == {200, 429}
        for each in said:
            if each.status_code == 429:
                assert each.json()["code"] == "overloaded"
                assert 1 <= int(each.headers["retry-after"]) <= 60
        assert ask(0).status_code == 200
