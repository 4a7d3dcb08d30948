"""KServe's clients, unchanged, in an environment of their own: `make test-kserve`."""

import json
import os
import subprocess
from pathlib import Path

from hikari_serve.drawing.cases import draw_cases
from tests.served.pictures import png
from tests.served.server import ROOT, serving

PYTHON = os.environ.get("KSERVE_PYTHON", str(ROOT / ".venv-kserve" / "bin" / "python"))


def test_both_clients(tmp_path: Path) -> None:
    (drawing,) = draw_cases(1, 20_000)
    picture = tmp_path / "picture.png"
    picture.write_bytes(png(drawing.image))
    client = Path(__file__).with_name("client.py")
    with serving(tmp_path / "home") as server:
        asked = [PYTHON, str(client), server.url, server.grpc, str(picture)]
        bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        ran = subprocess.run(
            asked, cwd=tmp_path, env=bare, capture_output=True, text=True, timeout=120
        )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout.splitlines()[-1])
    for door in found.values():
        assert door["live"] is door["ready"] is door["model_ready"] is True
        assert "this is no picture" in door["refused"]
    answers = [found["http"]["json"], found["http"]["binary"], found["grpc"]["json"]]
    assert [each["group.label"] for each in answers] == [drawing.group] * 3
    assert len({each["caption.text"] for each in answers}) == 1
    assert {each["error"] for each in answers} == {""}
