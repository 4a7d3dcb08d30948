"""`hikari diagnose`, asking a real server with scripted stages, and in its own process."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, get_args, get_type_hints

import pytest

from hikari_serve import inline
from hikari_serve.cli import terminal
from hikari_serve.cli.diagnose.command import diagnose, stage_names
from hikari_serve.errors import Unavailable
from hikari_serve.serving.diagnose.intake import Parameters
from hikari_serve.serving.keys import Keys
from hikari_serve.settings import Settings
from hikari_serve.stage import ReferenceCase, Retrieval
from tests.cli.conftest import Hikari
from tests.scripted import Scripted, classified
from tests.serving.conftest import Api


def test_a_card_says_what_was_found_and_what_it_is_not(
    api: Api, hikari: Hikari, picture: Path
) -> None:
    case = ReferenceCase(id="case-7", similarity=0.9, label="psoriasis")
    api.bench.stages["references"].output = Retrieval(index="i1", cases=(case,))
    done = hikari("diagnose", picture, "--url", api.url)
    assert (done.exit_code, done.stderr) == (0, "")
    lines = [" ".join(line.strip("│ ").split()) for line in done.stdout.splitlines()]
    assert "disease Sccis probability 70.0%" in lines
    assert any(line.startswith("Psoriasis ━") and line.endswith("30.0%") for line in lines)
    assert "group Malignant probability 70.0%" in lines
    assert "caption A red plaque. Consistent with sccis." in lines
    assert "references case-7 Psoriasis similarity 0.900" in lines
    assert "checks Group and disease cannot be compared." in lines
    assert "The caption, written knowing the disease, agrees with it." in lines
    assert "The nearest reference case is 0.100 away; 0 is the same picture." in lines
    assert "99.0% of the model's belief lies inside its label set." in lines
    assert "demo · demo_group/1 w · demo_references/1 w" in " ".join(lines)
    assert any(line.startswith("time group ") for line in lines)
    assert "Research software, not a medical device" in done.stdout
    assert "complete" in lines[-1]


def test_what_is_not_known_is_no_label(api: Api, hikari: Hikari, picture: Path) -> None:
    unknown = classified(None, "sccis", "psoriasis")
    reason = "little belief lies inside"
    api.bench.stages["disease"].output = unknown.model_copy(update={"reason": reason})
    done = hikari("diagnose", picture, "--url", api.url)
    assert "disease     Not known  Little belief lies inside." in done.stdout
    assert "abstained" in done.stdout


def test_a_failed_stage_is_told_beside_the_others(api: Api, hikari: Hikari, picture: Path) -> None:
    api.bench.stages["caption"].error = Unavailable("the caption runner cannot be reached")
    done = hikari("diagnose", picture, "--url", api.url)
    assert done.exit_code == 0
    assert "failed: the caption runner cannot be reached" in done.stdout
    assert "partial" in done.stdout


def test_pictures_that_have_no_answer_do_not_stop_the_others(
    api: Api, hikari: Hikari, picture: Path
) -> None:
    junk, missing = picture.with_name("junk.png"), picture.with_name("missing.png")
    junk.write_text("no picture")
    pictures = [junk, picture, missing, picture]
    done = hikari("diagnose", *pictures, "--url", api.url, "--json", "--top-k", 1)
    assert done.exit_code == 1
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["file"] for answer in answers] == [str(picture)] * 2
    assert len(answers[0]["disease"]["differential"]) == 1
    complaints = done.stderr.splitlines()
    assert complaints[0].startswith(f"hikari: {junk}: this is no picture")
    assert complaints[1:] == [f"hikari: {missing}: No such file or directory"]


def test_no_server_is_one_sentence(hikari: Hikari, picture: Path) -> None:
    done = hikari("diagnose", picture, "--url", "http://127.0.0.1:9")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"hikari: {picture}: http://127.0.0.1:9 cannot be reached: All connection attempts failed; "
        "start a server with `make serve`\n"
    )


def test_an_empty_url_is_no_wish_for_the_cascade_here(hikari: Hikari, picture: Path) -> None:
    done = hikari("diagnose", picture, "--url", "")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("hikari: '' is no URL of a server")


@pytest.mark.parametrize("url", ["http://localhost:99999", "http://a..b"])
def test_a_wrong_url_is_one_sentence(hikari: Hikari, picture: Path, url: str) -> None:
    done = hikari("diagnose", picture, "--url", url)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"hikari: '{url}' is no URL")


@pytest.mark.parametrize("keys", [Keys({"k" * 20: "infer"})])
def test_a_key_comes_from_a_file(api: Api, hikari: Hikari, picture: Path) -> None:
    file = picture.with_name("key")
    refused = hikari("diagnose", picture, "--url", api.url)
    assert refused.exit_code == 1
    assert "a key is needed" in refused.stderr
    file.write_text("k" * 20 + "\n")
    done = hikari("diagnose", picture, "--url", api.url, "--key-file", file)
    assert (done.exit_code, done.stderr) == (0, "")
    missing = hikari("diagnose", picture, "--url", api.url, "--key-file", "nowhere")
    assert missing.exit_code == 2
    assert "nowhere cannot be read" in " ".join(missing.stderr.split())


class InProcess(Scripted):
    """A stage in the place of a host, which would load weights."""

    running: ClassVar[list["InProcess"]] = []
    broken = ""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self.stage = stage
        self.running.append(self)

    @classmethod
    def for_stage(cls, stage: str, settings: Settings, here: Sequence[str]) -> "InProcess":
        assert stage in here
        return cls(stage)

    async def load(self, name: str, version: int) -> None:
        if self.stage == self.broken:
            raise Unavailable(f"model '{name}' is UNAVAILABLE")

    async def close(self) -> None:
        self.running.remove(self)


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> type[InProcess]:
    monkeypatch.setattr(inline, "Host", InProcess)
    monkeypatch.setattr(terminal, "hush_transformers", lambda: None)
    monkeypatch.setenv("HIKARI_GROUP_RUNNER", "http://elsewhere:3000")
    monkeypatch.setattr(InProcess, "running", [])
    return InProcess


def test_without_a_server_the_cascade_runs_here(
    stages: type[InProcess], hikari: Hikari, picture: Path
) -> None:
    done = hikari("diagnose", picture, picture, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["caption"]["consistency"] for answer in answers] == ["agrees"] * 2
    assert stages.running == []


def test_only_what_is_asked_for_is_loaded(
    stages: type[InProcess], hikari: Hikari, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "broken", "references")
    done = hikari("diagnose", picture)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "hikari: model 'demo_references' is UNAVAILABLE\n"
    assert stages.running == []
    done = hikari("diagnose", picture, "--json", "--references", 0, "--until", "disease")
    assert done.exit_code == 0
    assert [stage["name"] for stage in json.loads(done.stdout)["stages"]] == ["group", "disease"]


def test_a_setting_of_no_stage_is_refused_here_too(
    stages: type[InProcess], hikari: Hikari, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKARI_DISAESE_WORKERS", "2")
    done = hikari("diagnose", picture)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "HIKARI_DISAESE_*: cascade 'demo' has no stage 'disaese'; did you mean" in done.stderr


def test_without_a_picture_to_read_nothing_is_loaded(
    stages: type[InProcess], hikari: Hikari, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "broken", "group")
    missing, folder = picture.with_name("missing.png"), picture.parent
    done = hikari("diagnose", missing, folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"hikari: {missing}: No such file or directory",
        f"hikari: {folder}: Is a directory",
    ]


def test_options_have_the_limits_of_the_api() -> None:
    described = Parameters.model_json_schema()["properties"]
    hints = get_type_hints(diagnose, include_extras=True)
    for name in ("top_k", "references", "timeout_ms"):
        option = get_args(hints[name])[1]
        limits = described[name].get("anyOf", [described[name]])[0]
        assert (option.min, option.max) == (limits["minimum"], limits["maximum"])
    assert stage_names() == ["group", "references", "disease", "caption"]


def test_the_demo_weights_answer_in_this_process(hikari: Hikari, picture: Path) -> None:
    done = hikari("diagnose", picture, "--until", "group", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert [stage["status"] for stage in answer["stages"]] == ["ok"]
    assert answer["provenance"]["stages"]["group"]["engine"].startswith("transformers")
