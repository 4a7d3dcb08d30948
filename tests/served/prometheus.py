"""A real Prometheus that reads servers every second, with our rules."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from tests.served.server import ROOT, free_port

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
PROGRAM = shutil.which("prometheus")
MISSING = "prometheus is missing: apt-get install prometheus"


@contextmanager
def prometheus(
    urls: Sequence[str], folder: Path, *, rules: str | None = None, port: int = 0
) -> Iterator[str]:
    """Runs one until the block ends; its URL.

    Args:
        urls: The servers that it reads.
        folder: For what it writes.
        rules: Its rules; None takes ours as they are.
        port: Where it listens; 0 is a free one.
    """
    assert PROGRAM is not None, MISSING
    (folder / "rules.yml").write_text(rules or RULES.read_text())
    targets = [urlsplit(url).netloc for url in urls]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "hikari", "static_configs": [{"targets": targets}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    address = f"127.0.0.1:{port or free_port()}"
    flags = ("--config.file=prometheus.yml", "--storage.tsdb.path=data")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [PROGRAM, *flags, f"--web.listen-address={address}"], cwd=folder, stderr=log
        )
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait()


def asked(url: str, path: str, **query: str | float) -> Any:
    """The data that Prometheus' API answers; `path` is below `/api/v1/`."""
    found = httpx.get(f"{url}/api/v1/{path}", params=query, timeout=30).json()
    assert found["status"] == "success", found
    return found["data"]


def firing(url: str) -> dict[str, str]:
    """The alerts that fire, and what each says."""
    return {
        each["labels"]["alertname"]: each["annotations"]["summary"]
        for each in asked(url, "alerts")["alerts"]
        if each["state"] == "firing"
    }
