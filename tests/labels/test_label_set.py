"""Label files."""

from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.labels.label_set import LabelSet

MODELS = Path(__file__).parents[2] / "models"


def test_the_demo_sets_read_and_name_their_version() -> None:
    groups = LabelSet.read(MODELS / "demo_group" / "labels.yaml")
    diseases = LabelSet.read(MODELS / "demo_disease" / "labels.yaml")
    assert len(groups.labels) == 4
    assert len(diseases.labels) == 10
    assert {label.group for label in diseases.labels} == {label.id for label in groups.labels}
    assert diseases.version.startswith("card@")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nlabels: [{id: a, name: A, answer: a}]", "labels: .*at least 2"),
        ("name: x\nlabels: [{id: A b, name: A, answer: a}]", r"labels\.0\.id"),
        (
            "name: x\nlabels: [{id: a, name: A, answer: q}, {id: b, name: B, answer: q}]",
            "two labels have the answer q",
        ),
        (
            "name: x\nlabels: [{id: a, name: A, answer: q, aliases: [Eczema]}, "
            "{id: b, name: B, answer: r, aliases: [eczema]}]",
            "a and b are both called 'eczema'",
        ),
        (
            "name: x\nlabels: [{id: a, name: Skin tag, answer: q}, "
            "{id: b, name: B, answer: 2. skin-tag}]",
            "a and b are both called 'skin tag'",
        ),
        ("name: [", "is not YAML"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        LabelSet.read(path)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs its label file"):
        LabelSet.read(tmp_path / "labels.yaml")
