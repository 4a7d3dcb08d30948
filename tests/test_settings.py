"""A wrong setting is one sentence that names it."""

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.settings import PREFIX, Settings, StageSettings, available_cores

VARIABLES = {f"{PREFIX}{each.name.upper()}" for each in fields(Settings)} - {"HIKARI_STAGES"}
OF_STAGES = {f"HIKARI_<STAGE>_{each.name.upper()}" for each in fields(StageSettings)}


def test_defaults_need_no_variable() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings().of_stage("anything") == StageSettings("process", workers=1, threads=0)


@pytest.mark.parametrize("field", [each for each in fields(Settings) if each.name != "stages"])
def test_every_variable_is_read(field: object) -> None:
    name, default = field.name, getattr(Settings(), field.name)  # type: ignore[attr-defined]
    texts = {"cascade": "hikari", "placement": "inline", "stage": "group", "log": "json"}
    texts["model_control"] = "explicit"
    texts["max_bytes"] = "700000000"
    folder = name == "plan" or isinstance(default, Path)
    text = texts.get(name, "/srv/somewhere" if folder else "7")
    value = Path(text) if folder else type(default)(text)
    changed = Settings.from_environment({f"{PREFIX}{name.upper()}": text})
    assert value != default
    assert changed == replace(Settings(), **{name: value})  # type: ignore[arg-type]


PATHS = [each.name for each in fields(Settings) if isinstance(getattr(Settings(), each.name), Path)]
FILES = ["plan", "keys", "tls_cert", "tls_key", "audit", "audit_key", "stage_ca"]


@pytest.mark.parametrize("name", [*PATHS, *FILES])
def test_a_path_may_begin_at_home_and_is_not_empty(name: str) -> None:
    variable = f"{PREFIX}{name.upper()}"
    read = Settings.from_environment({variable: "~/somewhere"})
    assert Path(getattr(read, name)) == Path.home() / "somewhere"
    with pytest.raises(ConfigError, match=f"{variable} is empty, but must be a path"):
        Settings.from_environment({variable: ""})


def test_room_is_for_pictures_of_the_largest_size() -> None:
    with pytest.raises(ConfigError, match="HIKARI_MAX_BYTES is 9, but must be at least twice"):
        Settings.from_environment({"HIKARI_MAX_BYTES": "9"})


def test_a_stage_has_settings_of_its_own() -> None:
    settings = Settings.from_environment(
        {
            "HIKARI_PLACEMENT": "inline",
            "HIKARI_THREADS": "2",
            "HIKARI_DISEASE_RUNNER": "http://disease:3000/",
            "HIKARI_CAPTION_RUNNER": "http://a:3000, https://b/",
            "HIKARI_SKIN_TYPE_WORKERS": "3",
            "HIKARI_SKIN_TYPE_THREADS": "4",
        }
    )
    assert settings.of_stage("caption").runner == "http://a:3000,https://b"
    assert settings.of_stage("disease") == StageSettings("http://disease:3000", 1, 2)
    assert settings.of_stage("skin_type") == StageSettings("inline", 3, 4)
    assert settings.of_stage("group") == StageSettings("inline", 1, 2)
    assert settings.here(["group", "disease", "skin_type"]) == ["group", "skin_type"]


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"HIKARI_STAGE_TOKEN": " , "}, "HIKARI_STAGE_TOKEN has no token"),
        ({"HIKARI_STAGE_TOKEN": "good,geheimschlüssel"}, "HIKARI_STAGE_TOKEN: a .* visible ASCII"),
        ({"HIKARI_STAGE_TOKEN": "two words"}, "HIKARI_STAGE_TOKEN: a token .* without blanks"),
        ({"HIKARI_CASCADES": "x"}, "HIKARI_CASCADES is no setting.*did you mean HIKARI_CASCADE"),
        ({"HIKARI_THREADS": "many"}, "HIKARI_THREADS is 'many', but must be a whole number"),
        ({"HIKARI_WORKERS": "0"}, "HIKARI_WORKERS is '0', but must be .* at least 1"),
        ({"HIKARI_GRPC_PORT": "65536"}, "HIKARI_GRPC_PORT is '65536', .* at most 65535"),
        ({"HIKARI_GROUP_RUNNER": "http://a:1,inline"}, "is 'http://a:1,inline', but must be"),
        ({"HIKARI_GROUP_RUNNER": "http://a:x"}, "is 'http://a:x', but must be process"),
        ({"HIKARI_GROUP_RUNNER": "far"}, "HIKARI_GROUP_RUNNER is 'far', but must be process"),
        ({"HIKARI_GROUP_RUNER": "inline"}, "did you mean HIKARI_<STAGE>_RUNNER"),
        ({"HIKARI_DISEASE_THREAD": "2"}, "did you mean HIKARI_<STAGE>_THREADS"),
        ({"HIKARI_GROUP_WORKERS": "none"}, "HIKARI_GROUP_WORKERS is 'none'"),
        ({"HIKARI_PLACEMENT": "far"}, "HIKARI_PLACEMENT is 'far'"),
        ({"HIKARI_METRICS_PORT": "70000"}, "HIKARI_METRICS_PORT is '70000', .* at most 65535"),
        ({"HIKARI_LOG": "xml"}, "HIKARI_LOG is 'xml', but must be one of auto, json, text"),
        ({"HIKARI_PORT": "3000"}, "HIKARI_PORT is no setting"),
        ({"HIKARI_PORT_SOMEWHERE": "tcp://10.0.0.1:80"}, "HIKARI_PORT_SOMEWHERE is no setting"),
        ({"HIKARI_STAGE_TOKEN": ""}, "HIKARI_STAGE_TOKEN has no token"),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Settings.from_environment(environ)


@pytest.mark.parametrize(
    "service", ["HIKARI", "HIKARI_GROUP", "HIKARI_GROUP_RUNNER", "HIKARI_METRICS"]
)
def test_what_kubernetes_injects_for_a_service_is_passed_over(service: str) -> None:
    injected = {
        f"{service}_SERVICE_HOST": "10.43.1.7",
        f"{service}_SERVICE_PORT": "3000",
        f"{service}_SERVICE_PORT_HTTP": "3000",
        f"{service}_PORT": "tcp://10.43.1.7:3000",
        f"{service}_PORT_3000_TCP": "tcp://10.43.1.7:3000",
        f"{service}_PORT_3000_TCP_PROTO": "tcp",
        f"{service}_PORT_3000_TCP_PORT": "3000",
        f"{service}_PORT_3000_TCP_ADDR": "10.43.1.7",
        f"{service}_PORT_53_UDP": "udp://10.43.1.7:53",
    }
    assert Settings.from_environment({**injected, "HIKARI_WORKERS": "2"}) == Settings(workers=2)


def test_a_setting_of_a_stage_that_is_not_there_is_named() -> None:
    settings = Settings.from_environment({"HIKARI_DISAESE_WORKERS": "2"})
    with pytest.raises(ConfigError, match=r"HIKARI_DISAESE_\*: .*did you mean `disease`"):
        settings.check_stages(["group", "disease"])
    settings.check_stages(["disaese"])


def test_processes_on_one_machine_share_its_cores() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    stages = ["group", "disease", "caption"]
    assert Settings().cores("group", ["group"]) == available_cores()
    assert Settings().cores("group", stages) == max(1, available_cores() // 3)
    assert Settings(threads=3).cores("group", stages) == 3
    own = Settings(stages={"group": StageSettings(workers=2, threads=5)})
    assert own.cores("group", stages) == 5
    assert own.cores("disease", stages) == max(1, available_cores() // 4)


def test_inline_stages_run_in_every_api_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(24)))
    stages = ["group", "disease", "caption"]
    workers = {"disease": StageSettings("inline", workers=5)}  # of a runner that it has not
    inline = Settings(placement="inline", workers=4, stages=workers)
    cores = available_cores()
    assert {inline.cores(each, stages) for each in stages} == {max(1, cores // 12)}
    assert [inline.processes(each) for each in stages] == [4, 4, 4]
    beside = Settings(workers=4, stages={"disease": StageSettings("process", workers=5)})
    assert beside.cores("disease", stages) == max(1, cores // 7)
    alone = beside.in_one_process()
    assert alone.cores("disease", stages) == max(1, cores // 3)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu.max": "6400000 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({}, 8),
    ],
)
def test_a_containers_quota_is_its_cores(
    files: dict[str, str], cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)))
    (tmp_path / "cpu").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(f"{content}\n")
    assert available_cores(tmp_path) == cores


def test_every_setting_is_in_the_docs_and_nothing_else() -> None:
    docs = (Path(__file__).parents[1] / "docs" / "settings.md").read_text()
    told = {line.split("`")[1] for line in docs.splitlines() if line.startswith("| `")}
    assert told == VARIABLES | OF_STAGES
