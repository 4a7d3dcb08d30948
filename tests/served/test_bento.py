"""`bentoml build` needs no settings, and the Bento serves from anywhere."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import ROOT, serving


def test_the_bento_is_built_and_served(drawings: list[Drawing], tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**os.environ, "BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "true"}
    built = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", "--output", "tag"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    tag = built.stdout.strip().removeprefix("__tag__:")
    with serving(home, tag, folder=tmp_path) as server:
        files = {"image": png(drawings[0].image)}
        answer = httpx.post(f"{server.url}/diagnose", files=files, timeout=60).json()
        assert answer["group"]["label"] == drawings[0].group
