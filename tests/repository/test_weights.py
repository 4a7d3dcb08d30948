"""Weights are found in the version's folder, in a folder of one's own, or where a pull laid them."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikari_serve.errors import ConfigError
from hikari_serve.repository.digest import file_digest, weights_digest
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.weights import find_weights, missing_weights

MODELS = Path(__file__).parents[2] / "models"


def add(root: Path, name: str, **changes: Any) -> None:
    """Adds a model like Sirius to the repository."""
    parts = yaml.safe_load((MODELS / "sirius" / "config.yaml").read_text())
    parts["triton"]["name"] = name
    parts["hikari"].update(changes)
    (root / name).mkdir(parents=True)
    (root / name / "config.yaml").write_text(yaml.safe_dump(parts))


def lay(folder: Path, content: bytes = b"weights") -> Path:
    """Lays down weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(content)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    add(tmp_path / "models", "star")
    return Repository(tmp_path / "models", tmp_path / "weights")


def test_what_is_not_here_names_the_command(repository: Repository) -> None:
    assert repository.served_versions(repository.config("star")) == [1]
    assert missing_weights(repository, repository.config("star")) == ["star"]
    with pytest.raises(ConfigError, match="not here: run `hikari models pull star`"):
        find_weights(repository, "star", 1)


def test_the_versions_own_folder_comes_first(repository: Repository) -> None:
    pulled = lay(repository.weights / "star" / "1")
    assert find_weights(repository, "star", 1).folder == pulled
    own = lay(repository.version_folder("star", 1))
    assert find_weights(repository, "star", 1).folder == own
    assert missing_weights(repository, repository.config("star")) == []


@pytest.mark.parametrize(("revision", "place"), [("v1.2", "v1.2"), ("refs/pr/4", "refs--pr--4")])
def test_pinned_weights_lie_under_their_revision(
    repository: Repository, revision: str, place: str
) -> None:
    lay(repository.weights / "pinned" / "1")
    add(repository.root, "pinned", source={"hub": "someone/star", "revision": revision})
    assert missing_weights(repository, repository.config("pinned")) == ["pinned"]
    folder = lay(repository.weights / "pinned" / place)
    assert find_weights(repository, "pinned", 1).folder == folder


def test_a_folder_of_ones_own(repository: Repository, tmp_path: Path) -> None:
    add(repository.root, "mine", source={"folder": str(tmp_path / "mine")})
    with pytest.raises(ConfigError, match=r"source\.folder: .*mine holds no \*\.safetensors"):
        find_weights(repository, "mine", 1)
    add(repository.root, "theirs", source={"folder": "~nobody-is-called-so/mine"})
    with pytest.raises(ConfigError, match=r"source\.folder: .*mine holds no \*\.safetensors"):
        find_weights(repository, "theirs", 1)
    lay(tmp_path / "mine")
    assert find_weights(repository, "mine", 1).folder == tmp_path / "mine"


def test_a_later_version_is_not_the_sources(repository: Repository) -> None:
    second = lay(repository.version_folder("star", 2))
    assert repository.served_versions(repository.config("star")) == [2]
    assert find_weights(repository, "star", 2).folder == second


def test_an_adapter_lies_on_its_base(repository: Repository) -> None:
    add(repository.root, "star_lora", base="star")
    config = repository.config("star_lora")
    assert missing_weights(repository, config) == ["star_lora", "star"]
    adapter = lay(repository.weights / "star_lora" / "1")
    with pytest.raises(ConfigError, match="run `hikari models pull star`"):
        find_weights(repository, "star_lora", 1)
    base = lay(repository.weights / "star" / "1")
    found = find_weights(repository, "star_lora", 1)
    assert (found.folder, found.adapter, found.own) == (base, adapter, adapter)


def test_an_adapter_of_an_adapter_is_refused(repository: Repository) -> None:
    add(repository.root, "first", base="star")
    add(repository.root, "second", base="first")
    with pytest.raises(ConfigError, match=r"hikari\.base: 'first' has no whole language model"):
        missing_weights(repository, repository.config("second"))


HUB = "E27085921/HIKARI-Sirius-8B-SkinDx-RAG"
"""The source of a model like Sirius."""


def record(folder: Path, hub: str = HUB, **changes: Any) -> None:
    path = folder / "model.safetensors"
    found = path.stat()
    file = {
        "size": found.st_size,
        "sha256": file_digest(path),
        "mtime_ns": found.st_mtime_ns,
        **changes,
    }
    pulled = {"hub": hub, "commit": "c0ffee", "files": {path.name: file}}
    (folder / "pulled.json").write_text(json.dumps(pulled))


def test_a_pull_tells_the_commit_and_does_not_change_the_digest(repository: Repository) -> None:
    folder = lay(repository.weights / "star" / "1")
    before = weights_digest(folder)
    record(folder)
    assert find_weights(repository, "star", 1).revision == "c0ffee"
    assert weights_digest(folder) == before


def test_weights_of_a_former_source_are_not_the_models(repository: Repository) -> None:
    folder = lay(repository.weights / "star" / "1")
    record(folder, hub="someone/else")
    assert missing_weights(repository, repository.config("star")) == ["star"]
    said = (
        "not here, but those of someone/else, which was its source: run `hikari models pull star`"
    )
    with pytest.raises(ConfigError, match=said):
        find_weights(repository, "star", 1)
    shutil.copytree(folder, repository.version_folder("star", 1))  # whoever lays them there, knows
    assert find_weights(repository, "star", 1).revision == "c0ffee"


def test_only_touched_files_are_read_again(repository: Repository) -> None:
    folder = lay(repository.weights / "star" / "1")
    record(folder, sha256="0" * 64)
    trusted = weights_digest(folder)
    record(folder)
    assert weights_digest(folder) != trusted  # the record was taken at its word

    os.utime(folder / "model.safetensors", ns=(1, 1))
    weights_digest(folder)  # read again, and right
    lay(folder, b"Weights")
    with pytest.raises(ConfigError, match="is not what was pulled"):
        weights_digest(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"model\.safetensors was pulled .* not there any more"):
        weights_digest(folder)


def test_a_record_that_is_none_is_said_so(repository: Repository) -> None:
    folder = lay(repository.weights / "star" / "1")
    (folder / "pulled.json").write_text('{"hub": 3}')
    with pytest.raises(ConfigError, match=r"pulled\.json: hub: "):
        find_weights(repository, "star", 1)


class TestWords:
    """A reference model may read words with weights of another source."""

    @pytest.fixture
    def bge(self, tmp_path: Path) -> Repository:
        return Repository(MODELS, tmp_path / "weights")

    def test_both_sources_are_needed(self, bge: Repository) -> None:
        name = "siglip_bge_references"
        pictures = lay(bge.weights / name / "1")
        assert missing_weights(bge, bge.config(name)) == [name]
        with pytest.raises(ConfigError, match=f"run `hikari models pull {name}`"):
            find_weights(bge, name, 1)
        words = bge.weights / name / "text" / "1"
        words.mkdir(parents=True)
        (words / "pytorch_model.bin").write_bytes(b"older weights")
        found = find_weights(bge, name, 1)
        assert (found.folder, found.text) == (pictures, words)
        assert missing_weights(bge, bge.config(name)) == []

    def test_the_words_may_be_of_a_former_source(self, bge: Repository) -> None:
        name = "siglip_bge_references"
        lay(bge.weights / name / "1")
        record(lay(bge.weights / name / "text" / "1"), hub="someone/words")
        assert missing_weights(bge, bge.config(name)) == [name]
        with pytest.raises(ConfigError, match="but those of someone/words"):
            find_weights(bge, name, 1)

    def test_pictures_alone_have_one(self, bge: Repository) -> None:
        folder = lay(bge.weights / "clip_references" / "1")
        found = find_weights(bge, "clip_references", 1)
        assert (found.folder, found.text) == (folder, None)
