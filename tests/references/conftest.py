"""A small index, built anew for each test."""

from pathlib import Path

import pytest

from hikari_serve.references.builder import build
from tests.references.squares import CASES, ENCODER, embed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of `CASES`."""
    build(CASES, embed, ENCODER, tmp_path / "index", batch=2)
    return tmp_path / "index"
