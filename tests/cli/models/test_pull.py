"""`hikari models pull` as a user runs it, from a hub on the loopback."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from hikari_serve.cli.models.pull import members
from hikari_serve.repository.repository import Repository
from tests.repository.hub_server import COMMIT, Hub, serving

MODELS = Path(__file__).parents[3] / "models"
HUB = "someone/demo-group"


def sourced(root: Path) -> Path:
    """The demo repository, with the group model's weights on the hub."""
    models = shutil.copytree(MODELS, root / "models", ignore=lambda folder, names: [
        name for name in names if Path(folder) == MODELS and not name.startswith("demo")
    ])  # fmt: skip
    shutil.move(models / "demo_group" / "1", root / "hub")
    path = models / "demo_group" / "config.yaml"
    parts = yaml.safe_load(path.read_text())
    parts["hikari"]["source"] = {"hub": HUB, "revision": "v1"}
    path.write_text(yaml.safe_dump(parts))
    return models


def run(root: Path, hub: Hub | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HIKARI_MODELS": str(root / "models"),
        "HIKARI_WEIGHTS": str(root / "weights"),
        "HF_ENDPOINT": hub.url if hub else "http://127.0.0.1:9",
        "HF_HOME": str(root / "home"),
    }
    command = [str(Path(sys.executable).with_name("hikari")), *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_weights_are_pulled_and_served(tmp_path: Path) -> None:
    sourced(tmp_path)
    with serving(HUB, tmp_path / "hub") as hub:
        missing = run(tmp_path, hub, "models", "check", "demo_group")
        assert missing.stdout.endswith("4 labels, weights of demo_group not pulled\n")
        pulled = run(tmp_path, hub, "models", "pull", "demo", "--json")
        assert pulled.returncode == 0, pulled.stderr
        rows = {row["model"]: row for row in map(json.loads, pulled.stdout.splitlines())}
        assert {name: row["status"] for name, row in rows.items()} == {
            "demo_group": "pulled",
            "demo_references": "here",
            "demo_disease": "here",
            "demo_caption": "here",
        }
        assert rows["demo_group"]["commit"] == COMMIT
        assert rows["demo_group"]["folder"] == str(tmp_path / "weights" / "demo_group" / "v1")
    listed = run(tmp_path, None, "models", "list", "--json").stdout.splitlines()
    row = next(row for row in map(json.loads, listed) if row["name"] == "demo_group")
    assert (row["revision"], row["pulled"]) == ("v1", COMMIT)
    loaded = run(tmp_path, None, "models", "check", "demo_group", "--load")
    assert "loaded and warmed up" in loaded.stdout


def test_what_cannot_be_pulled_is_one_sentence(tmp_path: Path) -> None:
    sourced(tmp_path)
    failed = run(tmp_path, None, "models", "pull", "demo_group", "demo_caption", "--json")
    assert failed.returncode == 1
    first, second = map(json.loads, failed.stdout.splitlines())
    assert (first["status"], first["code"]) == ("failed", "unavailable")
    assert "HF_ENDPOINT" in first["error"]
    assert second["status"] == "here"
    assert failed.stderr.startswith("hikari: the hub at http://127.0.0.1:9 cannot be reached")


def test_what_is_not_pinned_to_a_commit_can_be_refused(tmp_path: Path) -> None:
    path = sourced(tmp_path) / "demo_group" / "config.yaml"
    with serving(HUB, tmp_path / "hub") as hub:
        refused = run(tmp_path, hub, "models", "pull", "--pinned", "demo")
        assert refused.returncode == 1
        assert refused.stderr == (
            "hikari: model 'demo_group': hikari.source.revision is v1, but must be a commit of "
            f"{HUB}: 40 hexadecimal digits\n"
        )
        path.write_text(path.read_text().replace("revision: v1", f"revision: {COMMIT}"))
        assert run(tmp_path, hub, "models", "pull", "--pinned", "demo").returncode == 0


def test_a_cascade_stands_for_its_models_and_their_bases() -> None:
    repository = Repository(MODELS)
    assert members(repository, ["hikari_card"]) == ["subaru", "sirius", "vega"]
    assert members(repository, ["hikari_lora"]) == [
        "subaru", "clip_references", "vega_lora", "deneb", "sirius_lora",
    ]  # fmt: skip
    assert members(repository, ["altair_lora"]) == ["altair_lora", "qwen3_vl_thinking"]
