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


def test_the_picture_may_stand_in_either_of_two_parts(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(
        "id: x\nparts: [{image: query, unless: group}, {text: a}, {image: query, when: group}]"
    )
    assert find_prompt("x.yaml", tmp_path).image_order({"group": "acne"}, 0) == [None]


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
        ("x.yaml", "id: x\nparts: [{text: 'a { b'}]", r"parts\.0\.text: .*write `{{` or `}}`"),
        ("x.yaml", "id: x\nparts: [{text: '{}'}]", r"parts\.0\.text: .*stands a name alone"),
        ("x.yaml", "id: x\nparts: [{text: '{group!r}'}]", "stands a name alone"),
        ("x.yaml", "id: x\nparts: [{text: '{group:{width}}'}]", "stands a name alone"),
        ("x.yaml", "id: x\nparts: [{text: '{group.x}'}]", "stands a name alone"),
        ("x.yaml", 'id: x\nparts: [{text: "What?"}]', "no part shows the picture: write"),
        (
            "x.yaml",
            "id: x\nparts: [{image: query, unless: group}]",
            "no part shows the picture with group given: write",
        ),
        (
            "x.yaml",
            "id: x\nparts: [{image: query}, {image: reference}]",
            "`image: reference` stands inside `each`",
        ),
        (
            "x.yaml",
            "id: x\nparts: [{each: references, parts: [{image: query}]}]",
            "inside `each` stand texts and `image: reference` alone",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, name: str, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=message):
        find_prompt(name, tmp_path)
