"""Small indexes, built anew for each test."""

from pathlib import Path

import pytest

from hikari_serve.references.builder import build
from tests.references.squares import CASES, ENCODER, WORDED, embed, embed_words


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of `CASES`."""
    build(CASES, embed, ENCODER, tmp_path / "index", batch=2)
    return tmp_path / "index"


@pytest.fixture
def worded(tmp_path: Path) -> Path:
    """The same with embeddings of the captions."""
    build(CASES, embed, WORDED, tmp_path / "worded", embed_texts=embed_words)
    return tmp_path / "worded"
