"""A real Prometheus reads a server under load, and no panel of the dashboard is empty."""

import itertools
import time
from pathlib import Path

import httpx
import pytest

from deploy.grafana.rows import ROWS
from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.prometheus import MISSING, PROGRAM, asked, firing, prometheus
from tests.served.server import Server
from tests.served.test_metrics import LATE_MS

LOAD_SECONDS = 8
SHARED_DEVICES = "hikari_turn_wait_seconds"
"""Only models that share a device have it, and the demo has none."""


def load(server: Server, drawings: list[Drawing]) -> None:
    """Asks for answers, streams and refusals, again and again."""
    late = itertools.cycle(LATE_MS)
    until = time.monotonic() + LOAD_SECONDS
    with httpx.Client(base_url=server.url, timeout=60) as client:
        while time.monotonic() < until:
            for drawing in drawings[:2]:
                image = {"image": png(drawing.image)}
                client.post("/diagnose", files=image)
                client.post("/diagnose/stream", files=image)
                client.post("/diagnose", files=image, data={"timeout_ms": next(late)})
            client.post("/diagnose", files={"image": b"no picture"})


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_no_panel_is_empty(server: Server, drawings: list[Drawing], tmp_path: Path) -> None:
    with prometheus([server.url], tmp_path) as url:
        time.sleep(2)
        load(server, drawings)
        time.sleep(2)
        empty = []
        for panel in (panel for panels in ROWS.values() for panel in panels):
            for query, _ in panel.queries:
                over = query.replace("$__rate_interval", "10s")
                found = asked(url, "query", query=over)["result"]
                numbers = [each["value"][1] for each in found]
                if all(number == "NaN" for number in numbers) and SHARED_DEVICES not in query:
                    empty.append((panel.title, query))
        assert empty == []
        assert firing(url) == {}
