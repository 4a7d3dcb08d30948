"""What tests of hosts share."""

import shutil
from pathlib import Path

import pytest

from tests.scripted import REPOSITORY


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The demo's group model, to break."""
    root = tmp_path / "models"
    shutil.copytree(REPOSITORY.folder("demo_group"), root / "demo_group")
    return root
