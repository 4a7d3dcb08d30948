"""Prompts by name."""

from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError
from hikari_serve.prompts.shipped import find_prompt, shipped_prompts

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", shipped_prompts())
def test_every_prompt_reads_shows_the_picture_and_is_documented(name: str) -> None:
    layout = find_prompt(name, Path())
    assert layout.id == name.replace("_", "-")
    assert layout.image_order({"group": "acne", "disease": "psoriasis"}, 2)[-1] is None
    assert f"`{name}`" in (ROOT / "docs" / "models.md").read_text()


def test_a_file_beside_the_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text('id: mine\nparts: [{image: query}, {text: "What is it?"}]')
    (message,) = find_prompt("mine.yaml", tmp_path).messages({})
    assert message["content"][1]["text"] == "What is it?"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("caption_guide", None, r"no prompt 'caption_guide' \(did you mean 'caption_guided'\?\)"),
        ("x.yaml", None, "x.yaml is missing"),
        ("x.yaml", "a: [", "is not YAML"),
        ("x.yaml", "id: x\nparts: [{txt: a}]", r"x.yaml: parts\.0\.txt"),
        (
            "x.yaml",
            "id: x\nparts: [{image: query}]\nvalues: {group: icd}",
            "values: .*no label set 'icd'",
        ),
        (
            "x.yaml",
            "id: x\nparts: [{each: references, parts: [{image: reference, when: caption}]}]",
            "a picture takes no `when`",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=message):
        find_prompt(name, tmp_path)
