"""A pull brings all of a checkpoint or nothing, from a server that speaks the hub's HTTP."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from huggingface_hub import constants

from hikari_serve.errors import ConfigError, Unavailable
from hikari_serve.repository.digest import weights_digest
from hikari_serve.repository.pulling import Outcome, pull
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.weights import find_weights
from tests.repository.hub_server import COMMIT, Hub, serving

MODELS = Path(__file__).parents[2] / "models"
HUB = "someone/demo-group"
WEIGHTS = "model.safetensors"
LFS = f"/lfs/{WEIGHTS}"
CHUNK = 1 << 16
"""Bytes that huggingface_hub writes at a time; its own 10 MB are more than these weights."""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The demo family's group model, as a repository of the hub with things that are not wanted."""
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", CHUNK)
    folder = shutil.copytree(MODELS / "demo_group" / "1", tmp_path / "hub")
    (folder / "modeling_evil.py").write_text("raise SystemExit")
    (folder / "README.md").write_text("# Model card")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "config.json").write_text("{}")
    with serving(HUB, folder) as server:
        yield server


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return with_source(tmp_path, None)


def with_source(tmp_path: Path, revision: str | None, hub: str = HUB) -> Repository:
    parts = yaml.safe_load((MODELS / "demo_group" / "config.yaml").read_text())
    parts["hikari"]["source"] = {"hub": hub, "revision": revision}
    folder = tmp_path / "models" / "demo_group"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(parts))
    shutil.copy(MODELS / "demo_group" / "labels.yaml", folder)
    return Repository(tmp_path / "models", tmp_path / "weights")


def brought(repository: Repository, hub: Hub) -> Outcome:
    return pull(repository, "demo_group", lambda doing, done, total: None, endpoint=hub.url)


def test_a_pull_brings_the_checkpoint_and_its_record(repository: Repository, hub: Hub) -> None:
    seen: list[tuple[str, int, int]] = []
    done = pull(repository, "demo_group", lambda *step: seen.append(step), endpoint=hub.url)
    folder = repository.weights / "demo_group" / "1"
    assert (done.status, done.folder, done.commit) == ("pulled", folder, COMMIT)
    own = {path.name for path in (MODELS / "demo_group" / "1").iterdir()}
    assert {path.name for path in folder.iterdir()} == {*own, "pulled.json"}
    assert weights_digest(folder) == weights_digest(MODELS / "demo_group" / "1")
    assert find_weights(repository, "demo_group", 1).revision == COMMIT
    assert {doing for doing, _, _ in seen} == {"downloading", "checking"}
    assert [count for _, count, _ in seen] == sorted(count for _, count, _ in seen)
    assert seen[-1] == ("checking", done.bytes, done.bytes)
    assert not list(folder.parent.glob(".*.partial"))


def test_what_is_here_is_not_pulled_again(repository: Repository, hub: Hub) -> None:
    brought(repository, hub)
    hub.asked.clear()
    assert brought(repository, hub).status == "here"
    assert [path.partition("?")[0] for _, path, _ in hub.asked] == [
        f"/api/models/{HUB}/revision/main"
    ]


def test_a_pinned_commit_that_is_here_needs_no_hub(tmp_path: Path, hub: Hub) -> None:
    repository = with_source(tmp_path, COMMIT)
    assert brought(repository, hub).folder.name == COMMIT
    hub.asked.clear()
    assert brought(repository, hub).status == "here"
    assert hub.asked == []


def test_a_branch_that_moved_is_pulled_anew(repository: Repository, hub: Hub) -> None:
    brought(repository, hub)
    hub.commit = "f" * 40
    (hub.folder / "chat_template.jinja").unlink()
    done = brought(repository, hub)
    assert (done.status, done.commit) == ("pulled", "f" * 40)
    assert not (done.folder / "chat_template.jinja").exists()


@pytest.mark.parametrize("revision", [None, COMMIT])
def test_another_repository_is_pulled_although_the_commit_is_here(
    tmp_path: Path, hub: Hub, revision: str | None
) -> None:
    brought(with_source(tmp_path, revision), hub)
    hub.name = "someone/a-copy"
    copy = with_source(tmp_path, revision, hub.name)
    done = brought(copy, hub)
    assert (done.status, done.hub) == ("pulled", hub.name)
    assert find_weights(copy, "demo_group", 1).revision == COMMIT


def test_a_pull_that_dies_while_it_deletes_leaves_whole_weights(
    repository: Repository, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought(repository, hub)
    hub.commit = "f" * 40

    def killed(folder: Path, **_: object) -> None:
        (folder / "pulled.json").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            brought(repository, hub)
    weights = find_weights(repository, "demo_group", 1)
    assert weights.revision == "f" * 40
    assert weights_digest(weights.folder) == weights_digest(MODELS / "demo_group" / "1")
    assert brought(repository, hub).status == "here"
    assert not [each for each in weights.folder.parent.iterdir() if each.name.endswith(".old")]


def test_a_pull_that_dies_between_two_renames_is_mended_by_the_next(
    repository: Repository, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = brought(repository, hub).folder
    hub.commit = "f" * 40
    rename = Path.rename

    def killed(path: Path, target: Path) -> Path:
        if path.suffix == ".partial":
            raise KeyboardInterrupt
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            brought(repository, hub)
    with pytest.raises(ConfigError, match="are not here: run `hikari models pull demo_group`"):
        find_weights(repository, "demo_group", 1)
    hub.commit = COMMIT
    assert brought(repository, hub).status == "here"  # what was there before is there again
    assert not folder.with_name(".1.old").exists()


@pytest.mark.parametrize("change", ["touch", "lose"])
def test_what_was_changed_here_is_pulled_again(
    repository: Repository, hub: Hub, change: str
) -> None:
    path = brought(repository, hub).folder / WEIGHTS
    if change == "touch":
        path.write_bytes(b"x" * path.stat().st_size)
    else:
        path.unlink()
    assert brought(repository, hub).status == "pulled"
    assert brought(repository, hub).status == "here"


def test_a_cut_connection_goes_on_by_itself(repository: Repository, hub: Hub) -> None:
    hub.cut[WEIGHTS] = 20 * CHUNK
    brought(repository, hub)
    assert hub.ranges(LFS) == [None, f"bytes={20 * CHUNK}-"]


def test_a_pull_that_failed_goes_on_the_next_time(repository: Repository, hub: Hub) -> None:
    hub.cut[WEIGHTS] = 20 * CHUNK
    hub.refused.add("tokenizer.json")
    with pytest.raises(Unavailable, match=r"503.*pull again to go on"):
        brought(repository, hub)
    assert not (repository.weights / "demo_group" / "1").exists()
    hub.refused.clear()
    hub.asked.clear()
    assert brought(repository, hub).status == "pulled"
    assert hub.ranges(LFS) == []  # the weights were there already


def test_a_file_that_was_cut_for_good_goes_on_the_next_time(
    repository: Repository, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(seconds: float) -> None:
        hub.refused.add(WEIGHTS)

    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", gone)
    hub.cut[WEIGHTS] = 30 * CHUNK
    with pytest.raises(Unavailable, match="pull again to go on"):
        brought(repository, hub)
    hub.refused.clear()
    assert brought(repository, hub).status == "pulled"
    rest = f"bytes={30 * CHUNK}-"
    assert hub.ranges(LFS) == [None, rest, rest]


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"])
def test_a_damaged_file_is_never_seen(repository: Repository, hub: Hub, name: str) -> None:
    hub.damaged.add(name)
    with pytest.raises(Unavailable, match=f"{name} arrived damaged.*pull again"):
        brought(repository, hub)
    assert not (repository.weights / "demo_group" / "1").exists()
    hub.damaged.clear()
    assert brought(repository, hub).status == "pulled"


def test_a_gated_repository_says_what_to_do(
    repository: Repository, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.gated = True
    with pytest.raises(ConfigError, match=f"is gated: accept its terms at {hub.url}/{HUB}"):
        brought(repository, hub)
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert brought(repository, hub).status == "pulled"


@pytest.mark.parametrize(
    ("revision", "name", "message"),
    [
        (None, "someone/nothing", "has no someone/nothing, or it is private"),
        ("v9", HUB, "has no revision 'v9': correct `source.revision`"),
    ],
)
def test_what_does_not_exist_is_named(
    tmp_path: Path, hub: Hub, revision: str | None, name: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        brought(with_source(tmp_path, revision, name), hub)


def test_a_repository_without_safetensors_is_refused(repository: Repository, hub: Hub) -> None:
    (hub.folder / WEIGHTS).rename(hub.folder / "pytorch_model.bin")
    with pytest.raises(ConfigError, match=r"holds no \*\.safetensors"):
        brought(repository, hub)


def test_nobody_listens(repository: Repository) -> None:
    with pytest.raises(Unavailable, match=r"hub at http://127\.0\.0\.1:9 cannot be reached"):
        pull(repository, "demo_group", lambda *_: None, endpoint="http://127.0.0.1:9")


def test_what_is_no_hub_is_said_so(repository: Repository, hub: Hub) -> None:
    hub.strange = True
    with pytest.raises(Unavailable, match=f"{hub.url} does not speak of {HUB} as the hub does"):
        brought(repository, hub)


def test_offline_is_said_so(
    repository: Repository, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(Unavailable, match="HF_HUB_OFFLINE is set"):
        brought(repository, hub)


def test_more_bytes_than_the_file_has_are_thrown_away(repository: Repository, hub: Hub) -> None:
    partial = repository.weights / "demo_group" / f".1.{COMMIT[:12]}.partial"
    partial.mkdir(parents=True)
    (partial / f"{WEIGHTS}.part").write_bytes(bytes(5_000_000))
    assert brought(repository, hub).status == "pulled"


def test_a_disk_that_is_too_small_is_said_before(
    repository: Repository, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(repository.root)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ConfigError, match=r"needs 4\.\d MB .* has 1.0 MB free: make room"):
        brought(repository, hub)
    assert hub.ranges(LFS) == []


def test_two_pulls_of_a_model_do_not_meet(repository: Repository, hub: Hub) -> None:
    def again(doing: str, done: int, total: int) -> None:
        with pytest.raises(ConfigError, match="another pull of 'demo_group' is running"):
            brought(repository, hub)

    assert pull(repository, "demo_group", again, endpoint=hub.url).status == "pulled"


def test_weights_of_the_repository_are_here(hub: Hub) -> None:
    done = pull(Repository(MODELS), "demo_group", lambda *_: None, endpoint=hub.url)
    assert (done.status, done.hub, done.folder) == ("here", None, MODELS / "demo_group" / "1")


def test_the_record_holds_every_digest(repository: Repository, hub: Hub) -> None:
    folder = brought(repository, hub).folder
    record = json.loads((folder / "pulled.json").read_text())
    assert set(record["files"]) == {path.name for path in folder.iterdir()} - {"pulled.json"}
    assert record["hub"] == HUB


class TestReferences:
    """A reference model's words come from a repository of their own, and may be pickled tensors."""

    @pytest.fixture
    def repository(self, tmp_path: Path) -> Repository:
        parts = yaml.safe_load((MODELS / "siglip_bge_references" / "config.yaml").read_text())
        parts["triton"]["name"] = "words"
        parts["hikari"]["source"]["hub"] = HUB
        parts["hikari"]["text"]["source"] = {"hub": HUB, "revision": COMMIT}
        folder = tmp_path / "models" / "words"
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text(yaml.safe_dump(parts))
        return Repository(tmp_path / "models", tmp_path / "weights")

    def brought(self, repository: Repository, hub: Hub) -> Outcome:
        return pull(repository, "words", lambda doing, done, total: None, endpoint=hub.url)

    def test_both_are_brought(self, repository: Repository, hub: Hub) -> None:
        done = self.brought(repository, hub)
        found = find_weights(repository, "words", 1)
        assert found.folder == done.folder == repository.weights / "words" / "1"
        assert found.text == repository.weights / "words" / "text" / COMMIT
        assert weights_digest(found.folder) == weights_digest(found.text)
        size = sum(
            path.stat().st_size for path in found.text.iterdir() if path.name != "pulled.json"
        )
        assert done.bytes == 2 * size
        assert self.brought(repository, hub).status == "here"
        shutil.rmtree(found.text)
        assert self.brought(repository, hub).status == "pulled"

    def test_older_weights_where_there_are_no_others(
        self, repository: Repository, hub: Hub
    ) -> None:
        (hub.folder / WEIGHTS).rename(hub.folder / "pytorch_model.bin")
        found = self.brought(repository, hub).folder
        assert (found / "pytorch_model.bin").is_file()

    def test_only_safetensors_where_there_are_both(self, repository: Repository, hub: Hub) -> None:
        shutil.copy(hub.folder / WEIGHTS, hub.folder / "pytorch_model.bin")
        names = {path.name for path in self.brought(repository, hub).folder.iterdir()}
        assert WEIGHTS in names
        assert "pytorch_model.bin" not in names
