"""`hikari models quantize`: what it refuses; tests/vllm runs what it writes."""

from pathlib import Path

import pytest

from hikari_serve.cli.models.quantize import new_version
from hikari_serve.engines import quantization
from hikari_serve.repository.repository import Repository
from tests.cli.conftest import Hikari
from tests.scripted import REPOSITORY


@pytest.fixture(autouse=True)
def _repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HIKARI_MODELS", str(REPOSITORY.root))
    monkeypatch.setenv("HIKARI_WEIGHTS", "/nowhere")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["demo_group"], "say how to quantise: --bnb4"),
        (["sirius", "--bnb4"], "not here: run `hikari models pull sirius`"),
        (["sirius_lora", "--bnb4"], "has no whole language model"),
        (["demo_references", "--bnb4"], "has no whole language model"),
        (["demo_group", "--bnb4"], "bitsandbytes is not installed"),
    ],
)
def test_what_cannot_be_quantised(
    hikari: Hikari,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.setattr(quantization, "find_spec", lambda name: None)
    done = hikari("models", "quantize", *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert message in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_new_version_comes_behind_the_newest(tmp_path: Path) -> None:
    assert new_version(REPOSITORY, "demo_group").name == "2"
    assert new_version(REPOSITORY, "sirius").name == "2"  # its source is version 1
    folder = tmp_path / "demo_group"
    folder.mkdir()
    text = (REPOSITORY.folder("demo_group") / "config.yaml").read_text()
    text = text.replace("{latest: {num_versions: 1}}", "{specific: {versions: [1]}}")
    (folder / "config.yaml").write_text(text)
    for version in ("1", "7"):
        (folder / version).mkdir()
    assert new_version(Repository(tmp_path), "demo_group").name == "8"
