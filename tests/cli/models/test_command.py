"""`hikari models` on repositories that are right and wrong."""

import json
from pathlib import Path

import pytest

from hikari_serve.cli.models import check
from hikari_serve.errors import ConfigError
from hikari_serve.tasks.host import Host
from tests.cli.conftest import Hikari


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def lines(text: str) -> dict[str, str]:
    """What is said of each model."""
    return {
        line.split()[1]: f"{line.split()[0]} {line.split(None, 2)[2]}" for line in text.splitlines()
    }


def test_the_list_shows_every_model(hikari: Hikari, models: Path) -> None:
    (models / "demo_group" / "2").mkdir()
    done = hikari("models", "list", "--json")
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert sorted(rows) == ["demo", "demo_caption", "demo_disease", "demo_group", "demo_references"]
    assert rows["demo_group"] == {
        "name": "demo_group",
        "kind": "classify",
        "engine": "transformers",
        "versions": [2],
        "device": "cpu",
        "verified": "run",
        "source": None,
        "revision": None,
        "pulled": None,
        "base": None,
        "bytes": None,
        "error": None,
    }
    assert (rows["demo"]["kind"], rows["demo"]["engine"]) == ("cascade", None)
    table = hikari("models", "list").stdout.splitlines()
    assert table[1].split() == [
        "name", "kind", "engine", "versions", "device", "verified", "size", "source", "revision",
    ]  # fmt: skip
    row = ["demo_group", "classify", "transformers", "2", "cpu", "run", "-", "-", "-"]
    assert row in map(str.split, table)


def test_the_list_says_where_weights_come_from_and_whether_they_are_here(
    hikari: Hikari, models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HIKARI_WEIGHTS", str(tmp_path / "weights"))
    config = models / "demo_group" / "config.yaml"
    rewrite(config, "verified: run", "source: {hub: someone/groups, revision: null}")
    table = hikari("models", "list").stdout.splitlines()
    (line,) = [line for line in table if line.startswith(" demo_group ")]
    assert line.split()[5:] == ["unrun", "not", "here", "someone/groups", "not", "pinned"]

    folder = tmp_path / "weights" / "demo_group" / "1"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"x" * 2000)
    record = {"hub": "someone/groups", "commit": "abcdef0123", "files": {}}
    (folder / "pulled.json").write_text(json.dumps(record))
    done = hikari("models", "list", "--json")
    row = next(row for row in map(json.loads, done.stdout.splitlines()) if row["source"])
    assert (row["revision"], row["pulled"]) == (None, "abcdef0123")
    assert row["bytes"] > 2000
    (line,) = [line for line in hikari("models", "list").stdout.splitlines() if "someone" in line]
    assert "2.1 kB" in line
    assert line.endswith("not pinned, pulled abcdef0 ")

    rewrite(config, "someone/groups", "someone/others")
    (line,) = [line for line in hikari("models", "list").stdout.splitlines() if "someone" in line]
    assert line.split()[5:] == ["unrun", "not", "here", "someone/others", "not", "pinned"]


def test_a_broken_model_is_a_row_that_says_why(hikari: Hikari, models: Path) -> None:
    rewrite(models / "demo_group" / "config.yaml", "max_side", "max_sid")
    (models / "demo_caption" / "1").rmdir()
    done = hikari("models", "list", "--json")
    assert done.exit_code == 0
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert "did you mean `max_side`" in rows["demo_group"]["error"]
    assert rows["demo_group"]["kind"] is None
    assert "has no version" in rows["demo_caption"]["error"]
    assert rows["demo_caption"]["device"] == "cpu"
    assert rows["demo_disease"]["error"] is None
    said = hikari("models", "list").stdout
    assert f"demo_group is broken: {rows['demo_group']['error']}\n" in said


def test_the_demo_family_is_right(hikari: Hikari) -> None:
    done = hikari("models", "check", "demo_group", "demo_caption", "demo")
    found = lines(done.stdout)
    assert found["demo"] == "ok cascade of group, references, disease, caption"
    assert found["demo_group"] == "ok classify, version 1, 4 labels"
    assert found["demo_disease"].startswith("ok classify, version 1, 10 labels, index of ")
    assert found["demo_references"].startswith("ok retrieve, version 1, index of ")
    assert done.exit_code == 0


def test_every_mistake_has_its_sentence(hikari: Hikari, models: Path) -> None:
    rewrite(models / "demo" / "config.yaml", "model_name: demo_caption", "model_name: demo_captoin")
    rewrite(
        models / "demo_caption" / "config.yaml",
        "latest: {num_versions: 1}",
        "specific: {versions: [3]}",
    )
    (models / "demo_group" / "labels.yaml").unlink()
    rewrite(models / "demo_disease" / "config.yaml", "index: demo_references", "index: demo_group")
    done = hikari("models", "check")
    found = lines(done.stdout)
    assert done.exit_code == 1
    assert "triton.ensemble_scheduling.step[3].model_name: no model 'demo_captoin'" in found["demo"]
    assert found["demo_caption"] == "wrong model 'demo_caption' has no version 3"
    assert "labels.yaml is missing" in found["demo_group"]
    assert "'demo_group' is no model of kind `retrieve`" in found["demo_disease"]
    assert "there is no reference index" in found["demo_references"]


def test_weights_that_are_to_be_pulled_are_no_mistake(hikari: Hikari, models: Path) -> None:
    source = "source: {hub: someone/groups, revision: v1}\n  verified: run"
    rewrite(models / "demo_group" / "config.yaml", "verified: run", source)
    (models / "demo_group" / "1").rmdir()
    done = hikari("models", "check", "demo_group")
    assert done.exit_code == 0
    found = lines(done.stdout)["demo_group"]
    assert found == "ok classify, version 1, 4 labels, weights of demo_group not pulled"


def test_what_is_known_of_no_label_is_a_mistake(hikari: Hikari, models: Path) -> None:
    rewrite(models / "demo_group" / "config.yaml", "      general:", "      begnin:")
    found = lines(hikari("models", "check", "demo_group").stdout)
    assert found["demo_group"] == "wrong hikari.known: 'begnin' is a label of no set"


def test_an_engine_is_checked_without_its_package(hikari: Hikari, models: Path) -> None:
    rewrite(models / "demo_group" / "config.yaml", "backend: transformers", "backend: vlm")
    rewrite(
        models / "demo_caption" / "config.yaml",
        "dtype: float32",
        "dtype: float32, parameters: {quantization: fp8}",
    )
    found = lines(hikari("models", "check", "demo_group", "demo_caption").stdout)
    assert "triton.backend: no engine 'vlm'; did you mean `vllm`?" in found["demo_group"]
    assert "the transformers engine has none" in found["demo_caption"]


def test_an_unknown_name_does_not_stop_the_others(hikari: Hikari, models: Path) -> None:
    done = hikari("models", "check", "demo_gruop", "demo_group")
    assert done.exit_code == 1
    assert lines(done.stdout)["demo_gruop"].endswith("did you mean 'demo_group'?")
    assert lines(done.stdout)["demo_group"] == "ok classify, version 1, 4 labels"


@pytest.mark.parametrize("reason", ["", "config.json is missing"])
def test_load_starts_the_model(
    hikari: Hikari, models: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    async def load(host: Host, name: str) -> None:
        assert name == "demo_group"
        if reason:
            raise ConfigError(reason)

    monkeypatch.setattr(Host, "load", load)
    monkeypatch.setattr(check, "hush_transformers", lambda: None)
    done = hikari("models", "check", "demo_group", "--load")
    found = lines(done.stdout)["demo_group"]
    if reason:
        assert (done.exit_code, found) == (1, f"wrong {reason}")
    else:
        assert found.startswith("ok classify, version 1, 4 labels, loaded and warmed up in 0.0 s")
