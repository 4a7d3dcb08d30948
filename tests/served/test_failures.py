"""Hung, dead and restarted stages under load; a wrong setting at the start."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from hikari_serve.drawing.cases import Drawing
from hikari_serve.serving.hop.replica import HUNG_SECONDS
from tests.crowd import crowd
from tests.served.pictures import png
from tests.served.server import ROOT, serving, wait_ready


def test_a_hung_and_a_killed_stage_do_not_take_the_api_with_them(
    drawings: list[Drawing], tmp_path: Path
) -> None:
    image = png(drawings[0].image)
    with serving(tmp_path / "home") as server:
        url = f"{server.url}/diagnose"
        seen: list[tuple[int, str, float]] = []

        def ask() -> None:
            began = time.monotonic()
            form = {"timeout_ms": "2000", "references": "0"}
            answer = httpx.post(url, files={"image": image}, data=form, timeout=30)
            status = answer.json().get("status", "error")
            seen.append((answer.status_code, status, time.monotonic() - began))

        with crowd(ask, 4):
            time.sleep(1)
            worker = server.worker("DiseaseRunner")
            os.kill(worker, signal.SIGSTOP)
            began = time.monotonic()
            ready = httpx.get(f"{server.url}/readyz", timeout=5)
            assert time.monotonic() - began < 1.5
            assert ready.status_code == 200  # it may only be slow
            while ready.status_code == 200 and time.monotonic() - began < 30:
                time.sleep(0.5)
                ready = httpx.get(f"{server.url}/readyz", timeout=5)
            assert HUNG_SECONDS - 2 < time.monotonic() - began < HUNG_SECONDS + 5
            assert "disease" in ready.text
            assert "group" not in ready.text
            os.kill(worker, signal.SIGKILL)
            time.sleep(3)
            wait_ready(server)

        assert {code for code, _, _ in seen} <= {200, 503, 504}
        assert "partial" in {status for _, status, _ in seen}
        assert max(seconds for _, _, seconds in seen) < 4
        after = httpx.post(url, files={"image": image}, timeout=60).json()
        assert after["status"] == "complete"
        assert server.worker("DiseaseRunner") != worker


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ({"HIKARI_CASCADE": "demoo"}, "did you mean 'demo'"),
        ({"HIKARI_CASCDE": "demo"}, "did you mean HIKARI_CASCADE"),
        ({"HIKARI_PLACEMENT": "far"}, "must be process, inline, or http(s) URLs"),
        ({"HIKARI_MODELS": "nowhere"}, "set HIKARI_MODELS"),
        ({"HIKARI_LOAD": "demo_group/7"}, "HIKARI_LOAD: model 'demo_group' has no version 7"),
        ({"HIKARI_MODEL_CONTROL": "explicit"}, "needs HIKARI_KEYS with a key of the scope `admin`"),
    ],
)
def test_a_wrong_setting_is_one_sentence(setting: dict[str, str], says: str, home: Path) -> None:
    environment = {**os.environ, **setting, "BENTOML_HOME": str(home)}
    environment["BENTOML_DO_NOT_TRACK"] = "true"
    command = [sys.executable, "-m", "bentoml", "serve", "service:Hikari", "--port", "0"]
    ended = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode != 0
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
