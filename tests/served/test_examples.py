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
    "bentoml_client.py": ("complete ",),
    "diagnose.sh": (
        '"status":"complete"',
        ": the picture is read",
        "event: group",
        "event: answer",
    ),
    "diagnose_http.py": ("complete", "unsupported_image", "caption", "answer complete"),
    "diagnose_stream.mjs": ("group ", "disease ", "words ", "caption ", "answer complete"),
    "oip_grpc.py": ("demo_caption ['text', 'error']", "group ['0.9", "disease ", "caption "),
    "oip_http.mjs": ("disease.label ", "caption.text "),
    "oip_http.py": ("answered", "unsupported_image"),
    "oip_stream.py": ("[group]", "[disease]", "[caption]", "answer "),
    "typed.py": ("complete ", "disease", "answer"),
}
RUNNERS = {".py": sys.executable, ".mjs": "node", ".sh": "sh"}


def address(server: Server, script: str) -> str:
    if script in ("oip_grpc.py", "oip_stream.py"):
        return server.grpc
    return server.url.removeprefix("http://") if script == "oip_http.py" else server.url


def run(server: Server, script: str, *pictures: Path) -> subprocess.CompletedProcess[str]:
    runner = RUNNERS[Path(script).suffix]
    tool = "curl" if runner == "sh" else runner
    if shutil.which(tool) is None:
        pytest.skip(f"{script} needs {tool}, which is not installed here")
    return subprocess.run(
        [runner, str(CLIENTS / script), address(server, script), *map(str, pictures)],
        cwd=pictures[0].parent,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("script", SAYS)
def test_it_runs(server: Server, drawings: list[Drawing], tmp_path: Path, script: str) -> None:
    assert {path.name for path in CLIENTS.iterdir()} == set(SAYS)
    picture, broken = tmp_path / "lesion.png", tmp_path / "broken.png"
    picture.write_bytes(png(drawings[0].image))
    broken.write_bytes(b"no picture")
    many = [broken] if script.endswith("_http.py") else []
    ran = run(server, script, picture, *many)
    assert ran.returncode == 0, ran.stderr
    for word in SAYS[script]:
        assert word in ran.stdout


@pytest.mark.parametrize("script", ["diagnose.sh", "diagnose_stream.mjs", "typed.py"])
def test_it_says_what_is_wrong(server: Server, tmp_path: Path, script: str) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    ran = run(server, script, broken)
    assert ran.returncode != 0
    assert "unsupported_image" in ran.stdout + ran.stderr


def test_the_protocols_page_runs(server: Server, drawings: list[Drawing], tmp_path: Path) -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    code, *_ = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "lesions").mkdir()
    (tmp_path / "lesions" / "00003.png").write_bytes(png(drawings[3].image))
    code = code.replace("localhost:8001", server.grpc)
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    assert "b'answered'" in ran.stdout
