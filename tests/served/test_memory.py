"""Memory does not grow with the number of requests."""

import concurrent.futures
import itertools
from pathlib import Path

import httpx
import psutil

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
