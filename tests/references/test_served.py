"""Where a reference model's index is looked for."""

from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.references.builder import build
from hikari_serve.references.served import find_served_index, index_folder, open_served_index
from hikari_serve.repository.repository import Repository
from tests.references.squares import CASES, ENCODER, embed

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(MODELS, tmp_path / "weights", tmp_path / "indexes")


def test_an_index_beside_the_weights(repository: Repository) -> None:
    config = repository.config("demo_references")
    assert index_folder(repository, config) == MODELS / "demo_references" / "1" / "index"
    assert index_folder(repository, config, 7) == MODELS / "demo_references" / "7" / "index"


def test_an_index_of_the_users_own(repository: Repository) -> None:
    folder = index_folder(repository, repository.config("clip_references"))
    assert folder == repository.indexes / "clip_references"
    assert find_served_index(repository, "clip_references") is None
    with pytest.raises(ConfigError, match=r"no reference index in .*/indexes/clip_references"):
        open_served_index(repository, "clip_references")
    build(CASES, embed, ENCODER, folder)
    found = find_served_index(repository, "clip_references")
    assert found is not None
    assert len(found) == len(CASES)
    found.close()


def test_only_reference_models_have_one(repository: Repository) -> None:
    with pytest.raises(ConfigError, match="'demo_group' is no model of kind `retrieve`"):
        index_folder(repository, repository.config("demo_group"))
