"""What a configuration declares and its model does not do is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import read_config
from hikari_serve.repository.tensors import check_scores

MODELS = Path(__file__).parents[2] / "models"

Parts = dict[str, Any]
STRING = {"data_type": "TYPE_STRING", "dims": [1]}


def read(tmp_path: Path, name: str, change: Callable[[Parts], object]) -> None:
    parts = yaml.safe_load((MODELS / name / "config.yaml").read_text())
    change(parts)
    (tmp_path / name).mkdir()
    (tmp_path / name / "config.yaml").write_text(yaml.safe_dump(parts))
    read_config(tmp_path / name)


def inputs(parts: Parts) -> Any:
    return parts["triton"]["input"]


def outputs(parts: Parts) -> Any:
    return parts["triton"]["output"]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "demo_group",
            lambda p: outputs(p)[0].update(name="lable"),
            r"triton\.output\[0\]\.name: .*`classify` gives no 'lable'; did you mean `label`",
        ),
        (
            "demo_group",
            lambda p: outputs(p)[0].update(data_type="TYPE_FP32"),
            r"triton\.output\[0\]: `label` is TYPE_STRING \[1\], not TYPE_FP32 \[1\]",
        ),
        ("demo_group", lambda p: outputs(p)[0].update(dims=[2]), r"not TYPE_STRING \[2\]"),
        ("demo_group", lambda p: outputs(p)[1].update(dims=[2, 2]), r"not TYPE_FP32 \[2, 2\]"),
        ("demo_caption", lambda p: outputs(p)[0].update(name="caption"), "there are text"),
        (
            "demo_group",
            lambda p: inputs(p).append(inputs(p)[0]),
            r"input\[1\].*'image' stands twice",
        ),
        ("demo_group", lambda p: inputs(p).pop(0), "every model takes `image`"),
        ("demo_group", lambda p: inputs(p)[0].update(optional=True), "never optional"),
        (
            "demo_group",
            lambda p: inputs(p)[0].update(data_type="TYPE_UINT8"),
            "`image` is TYPE_STR",
        ),
        (
            "demo_disease",
            lambda p: inputs(p)[1].update(name="gruop"),
            "the prompt never asks for 'gruop'; did you mean `group`",
        ),
        (
            "demo_disease",
            lambda p: inputs(p).pop(1),
            "hikari.prompt: it asks for 'group', which is no input of words; there is none",
        ),
        (
            "polaris",
            lambda p: inputs(p)[1].update(optional=True),
            r"input\[1\]\.optional: the prompt quotes 'group' whether .*: write `when: group`",
        ),
        (
            "demo_disease",
            lambda p: inputs(p)[1].update(data_type="TYPE_INT32"),
            r"`group` is TYPE_INT32 \[1\]: a word is TYPE_STRING \[1\], and the ids of cases are",
        ),
        (
            "demo_disease",
            lambda p: p["hikari"].pop("index"),
            "`references` carries ids of cases, which only a model of kind `classify`",
        ),
        (
            "demo_disease",
            lambda p: inputs(p).append({"name": "more", "data_type": "TYPE_STRING", "dims": [-1]}),
            "`references` and `more` both carry ids",
        ),
        (
            "demo_disease",
            lambda p: p["hikari"]["prompt"]["parts"].pop(1),
            "the prompt has no `each:` part for `references`",
        ),
        (
            "demo_references",
            lambda p: inputs(p).append({"name": "description", "optional": True, **STRING}),
            "this model compares no description",
        ),
        (
            "siglip_bge_references",
            lambda p: inputs(p)[1].update(name="descripton"),
            "takes no 'descripton'; did you mean `description`",
        ),
        ("siglip_bge_references", lambda p: inputs(p)[1].pop("optional"), "and optional"),
        (
            "demo",
            lambda p: inputs(p).append({"name": "age", **STRING}),
            "a cascade takes no 'age'; did you mean `image`",
        ),
        ("demo", lambda p: inputs(p).append({"name": "description", **STRING}), "and optional"),
        (
            "demo",
            lambda p: inputs(p)[0].update(dims=[1]),
            r"`image` is TYPE_STRING \[-1\] and never",
        ),
        (
            "demo",
            lambda p: p["triton"].update(max_batch_size=4),
            "max_batch_size: a cascade has none",
        ),
        (
            "demo_group",
            lambda p: p["triton"].pop("max_batch_size"),
            r"triton\.max_batch_size: every model takes batches: write .*, 1 or more",
        ),
        ("demo_group", lambda p: p["triton"].update(max_batch_size=0), "every model takes batches"),
        (
            "demo_group",
            lambda p: p["triton"].update(max_batch_size=-1),
            "every model takes batches",
        ),
    ],
)
def test_a_wrong_declaration_is_named(
    tmp_path: Path, name: str, change: Callable[[Parts], object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        read(tmp_path, name, change)
    assert caught.value.message.startswith(f"{tmp_path / name / 'config.yaml'}: ")


def test_the_length_of_scores_is_that_of_the_label_set() -> None:
    triton = read_config(MODELS / "demo_group").triton
    check_scores(triton, 4)
    with pytest.raises(ConfigError, match=r"`scores` is \[4\], but the label set has 5 labels"):
        check_scores(triton, 5)
