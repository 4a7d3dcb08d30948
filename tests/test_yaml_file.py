"""A file that means harm, or a slip of the keyboard, is one sentence."""

from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.yaml_file import read_yaml

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (LAUGHS, "more than 100000 values with what is repeated"),
        ("[" * 3000, "nested deeper than 40 levels"),
        ("{a: " * 3000, "nested deeper than 40 levels"),
        ("- " * 3000 + "x", "nested deeper than 40 levels"),
        ("a: &a [*a]", "an anchor is repeated within itself"),
        ("a: &a {b: {c: *a}}", "an anchor is repeated within itself"),
        ("x: " + "1" * 5000, "is not YAML"),
        ("a: 1\na: 2", "`a` stands twice"),
    ],
)
def test_it_is_refused_with_the_files_name(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=f"labels.yaml.*{says}") as raised:
        read_yaml(path, needed="for the test")
    assert "\n" not in raised.value.message
    assert len(raised.value.message) < 600


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path} cannot be read: Is a directory"):
        read_yaml(tmp_path, needed="for the test")


def test_anchors_may_be_used(tmp_path: Path) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text("a: &a {b: [1, 2]}\nc: *a\nd: {<<: *a, e: 3}")
    assert read_yaml(path, needed="")["d"] == {"b": [1, 2], "e": 3}
