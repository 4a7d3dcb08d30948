"""A real Prometheus reads a server under load, and no panel of the dashboard is empty."""

import itertools
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from deploy.grafana.rows import ROWS
from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import ROOT, Server, free_port
from tests.served.test_metrics import LATE_MS

LOAD_SECONDS = 8
SHARED_DEVICES = "hikari_turn_wait_seconds"
"""Only models that share a device have it, and the demo has none."""


@contextmanager
def prometheus(server: Server, folder: Path) -> Iterator[str]:
    """A Prometheus that reads the server every second; its URL."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is missing: apt-get install prometheus")
    shutil.copy(ROOT / "deploy" / "prometheus" / "rules.yml", folder)
    target = urlsplit(server.url).netloc
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "hikari", "static_configs": [{"targets": [target]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{free_port()}"
    flags = ("--config.file=prometheus.yml", "--storage.tsdb.path=data")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *flags, f"--web.listen-address={address}"], cwd=folder, stderr=log
        )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


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


def test_no_panel_is_empty(server: Server, drawings: list[Drawing], tmp_path: Path) -> None:
    with prometheus(server, tmp_path) as url:
        time.sleep(2)
        load(server, drawings)
        time.sleep(2)
        empty = []
        for panel in (panel for panels in ROWS.values() for panel in panels):
            for query, _ in panel.queries:
                asked = {"query": query.replace("$__rate_interval", "10s")}
                found = httpx.get(f"{url}/api/v1/query", params=asked).json()
                assert found["status"] == "success", found
                numbers = [each["value"][1] for each in found["data"]["result"]]
                if all(number == "NaN" for number in numbers) and SHARED_DEVICES not in query:
                    empty.append((panel.title, query))
        assert empty == []
        alerts = httpx.get(f"{url}/api/v1/alerts").json()["data"]["alerts"]
        firing = {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}
        assert firing == set()
