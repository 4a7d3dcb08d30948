"""The README's own commands, run as they stand against a server on another port."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.served.server import ROOT, Server

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_it_is_short_and_its_links_lead_somewhere() -> None:
    assert len(README.splitlines()) < 150
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert targets
    for target in targets:
        assert (ROOT / target).exists(), target


def test_its_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`?make ([a-z-]+)", README))
    assert "serve" in targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_its_commands_run(server: Server, tmp_path: Path) -> None:
    serve, client = blocks("sh")
    assert [line.partition("#")[0].strip() for line in serve.splitlines()] == [
        "make serve",
        "make test",
    ]
    here = client.replace("source .venv/bin/activate", "").replace(
        "http://localhost:3000", server.url
    )
    here = here.replace("localhost:3000", server.url)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert '"status":"complete"' in ran.stdout
    assert len(list((tmp_path / "lesions").glob("*.png"))) == 10

    (example,) = blocks("python")
    told = subprocess.run(
        [sys.executable, "-c", example.replace("http://localhost:3000", server.url)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr
    assert "answered" in told.stdout
    assert told.stdout.splitlines()[-1] == "answer"
