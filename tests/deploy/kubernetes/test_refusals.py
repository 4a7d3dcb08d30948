"""A pod that cannot serve ends, and its last words are the one sentence that says why.

`terminationMessagePolicy: FallbackToLogsOnError` makes them what `kubectl describe` shows: the end of
the log, 2,048 bytes of it, of a container whose exit code is not 0.
"""

import json
import shutil
from pathlib import Path

import pytest

from hikari_serve.repository.digest import file_digest
from tests.deploy.kubernetes.processes import pod
from tests.deploy.kubernetes.rendered import overlay
from tests.served.server import ROOT

SECONDS = 60
SHOWN_BYTES = 2048


def last_words(overlay_name: str, name: str, tmp_path: Path, **changed: str) -> str:
    """The termination message of a pod that ends by itself."""
    with pod(overlay(overlay_name), name, "127.0.4.1", tmp_path / "pod", changed) as ended:
        assert ended.process.wait(SECONDS) not in (0, None)
    return ended.log.read_bytes()[-SHOWN_BYTES:].decode()


@pytest.mark.parametrize(
    ("name", "changed", "why"),
    [
        (
            "hikari-api",
            {"HIKARI_TLS_KEY": "/run/tls.key"},
            "HIKARI_TLS_CERT and HIKARI_TLS_KEY: set both, or neither",
        ),
        ("hikari-api", {"HIKARI_KEYS": "/run/secrets/none"}, "/run/secrets/none"),
        ("hikari-group", {"HIKARI_STAGE": "colour"}, "has no stage 'colour'"),
    ],
)
def test_a_setting_that_contradicts(
    name: str, changed: dict[str, str], why: str, tmp_path: Path
) -> None:
    said = last_words("demo-cpu", name, tmp_path, **changed)
    assert said.splitlines()[-1].startswith("hikari: ")
    assert why in said.splitlines()[-1]


def test_a_volume_without_weights(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    where = {"HIKARI_WEIGHTS": str(tmp_path / "weights")}
    said = last_words("gpu-scaled", "hikari-group", tmp_path, **where)
    assert said.splitlines()[-1] == (
        "hikari: cascade 'hikari_card': the weights of subaru are not here: "
        "run `hikari models pull hikari_card`"
    )


def test_weights_that_are_not_what_was_pulled(tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(ROOT / "models", models)
    weights = models / "demo_group" / "1"
    files = {
        path.name: {"size": path.stat().st_size, "sha256": file_digest(path), "mtime_ns": 0}
        for path in weights.iterdir()
    }
    record = {"hub": "someone/demo-group", "commit": "0" * 40, "files": files}
    (weights / "pulled.json").write_text(json.dumps(record))
    damaged = weights / "model.safetensors"
    content = bytearray(damaged.read_bytes())
    content[-1] ^= 1
    damaged.write_bytes(content)
    said = last_words("demo-cpu", "hikari-group", tmp_path, HIKARI_MODELS=str(models))
    assert f"{damaged} is not what was pulled from the hub" in said
