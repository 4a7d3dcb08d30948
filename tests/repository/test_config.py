"""Mistakes in a config.yaml are found at reading, with file, field and the nearest name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import read_config
from hikari_serve.repository.schema import ClassifierConfig

MODELS = Path(__file__).parents[2] / "models"

Parts = dict[str, Any]


def written(tmp_path: Path, name: str, change: Callable[[Parts], object]) -> Path:
    parts = yaml.safe_load((MODELS / name / "config.yaml").read_text())
    change(parts)
    folder = tmp_path / name
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(parts))
    return folder


@pytest.mark.parametrize("name", sorted(path.parent.name for path in MODELS.glob("*/config.yaml")))
def test_every_model_of_the_repository_reads(name: str) -> None:
    assert read_config(MODELS / name).name == name


def test_both_parts_are_typed() -> None:
    config = read_config(MODELS / "demo_disease")
    assert isinstance(config.hikari, ClassifierConfig)
    assert config.triton.max_batch_size == 8
    assert config.queue_size == 128
    assert config.optional_inputs == {"group", "references"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p["hikari"].update(promt={}), r"hikari\.promt: .*did you mean `prompt`"),
        (lambda p: p["hikari"]["limits"].update(max_image=2), "did you mean `max_images`"),
        (lambda p: p["hikari"]["engine"].update(device="tpu"), r"hikari\.engine\.device"),
        (lambda p: p["hikari"].update(kind="biopsy"), "hikari: .*'biopsy'"),
        (lambda p: p["hikari"].update(task="disease"), r"hikari\.task: Extra inputs"),
        (lambda p: p["hikari"].update(prompt="p9"), r"hikari\.prompt: there is no prompt 'p9'"),
        (lambda p: p["hikari"].update(source={}), "source: .*exactly one of: hub, folder"),
        (
            lambda p: p["hikari"].update(source={"folder": "/w", "revision": "v1"}),
            "`revision` goes with `hub`",
        ),
        (lambda p: p["hikari"].update(source={"hub": "sirius"}), r"hikari\.source\.hub"),
        (
            lambda p: p["hikari"].update(answer="yes"),
            r"hikari\.answer: .*has `{label}` in it, once",
        ),
        (lambda p: p["hikari"].update(answer="{disease}"), r"hikari\.answer: .*no other name"),
        (lambda p: p["hikari"].update(answer="{label"), r"hikari\.answer: .*write `{{` or `}}`"),
        (
            lambda p: p["hikari"].update(known={"metrics": [{"name": "x", "source": "y"}]}),
            "a metric has a value",
        ),
        (
            lambda p: p["triton"].update(max_batchsize=2),
            r"triton\.max_batchsize is unknown; did you mean `max_batch_size`",
        ),
        (
            lambda p: p["triton"].update(instance_group=[{"count": 2}]),
            r"instance_group is a Triton field that this server does not honour",
        ),
        (lambda p: p["triton"]["input"][0].update(reshape={}), r"triton\.input\[0\]\.reshape"),
        (
            lambda p: p["triton"]["dynamic_batching"].update(max_queue_delay_microseconds=5),
            "max_queue_delay_microseconds",
        ),
        (lambda p: p["triton"].update(max_batch_size="many"), "triton: .*max_batch_size"),
        *(
            (lambda p, each=each: p.update(triton=each), "triton: must be a mapping")
            for each in (None, 3, True)
        ),
        (lambda p: p["triton"].update({1: 2}), r"triton\.1 is unknown"),
        (
            lambda p: p["triton"]["input"][0].update(data_type=-1),
            r"triton\.input\[0\]\.data_type: write such as TYPE_STRING",
        ),
        (lambda p: p["triton"]["input"][0].update(data_type=float("inf")), "triton: "),
        (
            lambda p: p["triton"].update(name="other"),
            "triton.name is 'other', its folder 'demo_disease'",
        ),
        (lambda p: p.pop("hikari"), "exactly two parts"),
        (lambda p: p["triton"].update(platform="ensemble"), "go together"),
    ],
)
def test_mistakes_name_file_field_and_remedy(
    tmp_path: Path, change: Callable[[Parts], object], message: str
) -> None:
    folder = written(tmp_path, "demo_disease", change)
    with pytest.raises(ConfigError, match=message) as caught:
        read_config(folder)
    assert str(folder / "config.yaml") in caught.value.message


def test_a_file_that_is_no_yaml_or_missing_is_said_so(tmp_path: Path) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    with pytest.raises(ConfigError, match="is missing"):
        read_config(folder)
    (folder / "config.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match="is not YAML"):
        read_config(folder)


def test_a_field_that_stands_twice_is_a_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "demo_group"
    folder.mkdir()
    text = (MODELS / "demo_group" / "config.yaml").read_text()
    (folder / "config.yaml").write_text(f"{text}  thinking: natural\n")
    with pytest.raises(ConfigError, match=r"`thinking` stands twice .* line"):
        read_config(folder)


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("group", "classify"),
        ("disease", "classify"),
        ("caption", "describe"),
        ("references", "retrieve"),
        ("cascade", "cascade"),
        ("biopsy", "classify, describe, retrieve or cascade"),
    ],
)
def test_a_configuration_of_a_former_release_is_told_what_to_write(
    tmp_path: Path, task: str, kind: str
) -> None:
    def aged(parts: Parts) -> None:
        del parts["hikari"]["kind"]
        parts["hikari"]["task"] = task

    with pytest.raises(ConfigError, match=f"hikari.task: write `kind: {kind}` instead"):
        read_config(written(tmp_path, "demo_disease", aged))
