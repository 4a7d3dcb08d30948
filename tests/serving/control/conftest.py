"""A repository that tests may change."""

import shutil
from pathlib import Path

import pytest

from tests.scripted import REPOSITORY


@pytest.fixture
def models(tmp_path: Path) -> Path:
    root = tmp_path / "models"
    shutil.copytree(REPOSITORY.root, root, ignore=shutil.ignore_patterns("*.npz"))
    return root
