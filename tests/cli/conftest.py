"""The command in this process, a model repository to break, and the API over scripted stages."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hikari_serve.cli.main import app
from tests.scripted import REPOSITORY
from tests.serving.conftest import admission as admission
from tests.serving.conftest import api as api
from tests.serving.conftest import keys as keys
from tests.serving.conftest import observer as observer

Hikari = Callable[..., Result]


@pytest.fixture
def hikari() -> Hikari:
    runner = CliRunner()
    return lambda *arguments: runner.invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the demo configurations, each with an empty version, served from now on."""
    weights = shutil.ignore_patterns("[0-9]*")
    root = tmp_path / "models"
    for folder in REPOSITORY.root.glob("demo*"):
        shutil.copytree(folder, root / folder.name, ignore=weights)
        (root / folder.name / "1").mkdir()
    monkeypatch.setenv("HIKARI_MODELS", str(root))
    return root


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    from PIL import Image

    path = tmp_path / "lesion.png"
    Image.new("RGB", (64, 64), "brown").save(path)
    return path
