"""The examples' clients run as they stand, each against the served demo."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import ROOT, Server

CLIENTS = ROOT / "examples" / "clients"

SAYS = {
    "diagnose_http.py": ("complete", "unsupported_image", "caption", "answer"),
    "oip_http.py": ("answered", "unsupported_image"),
    "oip_grpc.py": ("demo_caption ['text', 'error']", "group ['0.9", "disease ", "caption "),
    "oip_stream.py": ("[group]", "[disease]", "[caption]", "answer "),
}


@pytest.mark.parametrize("script", SAYS)
def test_it_runs(server: Server, drawings: list[Drawing], tmp_path: Path, script: str) -> None:
    assert {path.name for path in CLIENTS.glob("*.py")} == set(SAYS)
    picture, broken = tmp_path / "lesion.png", tmp_path / "broken.png"
    picture.write_bytes(png(drawings[0].image))
    broken.write_bytes(b"no picture")
    address = server.url if script == "diagnose_http.py" else server.grpc
    if script == "oip_http.py":
        address = server.url.removeprefix("http://")
    many = [str(broken)] if script.endswith("_http.py") else []
    ran = subprocess.run(
        [sys.executable, str(CLIENTS / script), address, str(picture), *many],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    for word in SAYS[script]:
        assert word in ran.stdout


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node, which few servers have")
def test_javascript_runs(server: Server, drawings: list[Drawing], tmp_path: Path) -> None:
    picture = tmp_path / "lesion.png"
    picture.write_bytes(png(drawings[0].image))
    script = CLIENTS / "oip_http.mjs"
    ran = subprocess.run(
        ["node", script, server.url, picture], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("disease.label ")


def test_the_protocols_page_runs(server: Server, drawings: list[Drawing], tmp_path: Path) -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "lesions").mkdir()
    (tmp_path / "lesions" / "00003.png").write_bytes(png(drawings[3].image))
    code = code.replace("localhost:8001", server.grpc)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert "b'answered'" in ran.stdout
