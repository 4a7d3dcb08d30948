"""Models, versions and digests on disk."""

import shutil
from pathlib import Path

import pytest
import yaml

from hikari_serve.errors import ConfigError, NotFound
from hikari_serve.repository.digest import weights_digest
from hikari_serve.repository.repository import Repository

MODELS = Path(__file__).parents[2] / "models"


def with_versions(tmp_path: Path, policy: dict[str, object], *versions: int) -> Repository:
    folder = tmp_path / "demo_group"
    folder.mkdir()
    parts = yaml.safe_load((MODELS / "demo_group" / "config.yaml").read_text())
    parts["triton"]["version_policy"] = policy
    (folder / "config.yaml").write_text(yaml.safe_dump(parts))
    for version in versions:
        (folder / str(version)).mkdir()
    (folder / "notes").mkdir()
    return Repository(tmp_path)


def served(repository: Repository) -> list[int]:
    return repository.served_versions(repository.config("demo_group"))


def test_the_policy_chooses_the_versions(tmp_path: Path) -> None:
    chosen: list[tuple[dict[str, object], list[int]]] = [
        ({"latest": {"num_versions": 1}}, [10]),
        ({"latest": {"num_versions": 2}}, [2, 10]),
        ({"all": {}}, [1, 2, 10]),
        ({"specific": {"versions": [10, 1]}}, [1, 10]),
    ]
    for index, (policy, versions) in enumerate(chosen):
        root = tmp_path / str(index)
        root.mkdir()
        assert served(with_versions(root, policy, 1, 2, 10)) == versions


def test_a_version_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no version 7"):
        served(with_versions(tmp_path, {"specific": {"versions": [7]}}, 1))


def test_a_policy_that_chooses_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"triton\.version_policy chooses no version: name one"):
        served(with_versions(tmp_path, {"specific": {"versions": []}}, 1))


def test_only_folders_named_as_numbers_are_versions(tmp_path: Path) -> None:
    repository = with_versions(tmp_path, {"specific": {"versions": [1, 1]}}, 1)
    for name in ("0", "01", "-2", "٣"):
        (tmp_path / "demo_group" / name).mkdir()
    (tmp_path / "demo_group" / "2").write_text("no folder")
    assert repository.versions(repository.config("demo_group")) == [1]
    assert served(repository) == [1]


def test_a_model_without_versions_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no version"):
        served(with_versions(tmp_path, {"all": {}}))


def test_a_misspelt_model_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="did you mean 'demo_group'"):
        Repository(MODELS).config("demo_grup")


def test_a_missing_repository_says_which_setting_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="HIKARI_MODELS"):
        Repository(tmp_path / "nowhere").names()


def test_the_digest_follows_contents_not_places(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    (first / "index").mkdir(parents=True)
    (first / "w.bin").write_bytes(b"weights")
    shutil.copytree(first, second)
    assert weights_digest(first) == weights_digest(second)
    (second / "index" / "other").touch()
    assert weights_digest(first) == weights_digest(second)
    (second / "w.bin").write_bytes(b"Weights")
    assert weights_digest(first) != weights_digest(second)
