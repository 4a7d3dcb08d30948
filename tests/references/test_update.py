"""Adding cases to an index and removing some: only what is new is embedded."""

from pathlib import Path
from typing import Any

import pytest

from hikari_serve.errors import ConfigError, InvalidInput, NotFound
from hikari_serve.references.builder import build
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.manifest import EncoderInfo
from hikari_serve.references.update import add, remove
from tests.references.squares import CASES, ENCODER, WORDED, case, embed, embed_words


def test_added_cases_alone_are_embedded(worded: Path, tmp_path: Path) -> None:
    new = [case("grey", (90, 90, 90)), case("lilac", (200, 150, 220))]
    sizes: list[int] = []

    def counted(images: list[Any]) -> Any:
        sizes.append(len(images))
        return embed(images)

    manifest = add(worded, new, counted, WORDED, embed_texts=embed_words)
    assert sizes == [2]
    whole = build([*CASES, *new], embed, WORDED, tmp_path / "whole", embed_texts=embed_words)
    assert manifest == whole
    assert ReferenceIndex.open(worded, WORDED).case("grey") == new[0]


@pytest.mark.parametrize("kind", ["folder", "worded"])
def test_removing_needs_no_encoder(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path: Path = request.getfixturevalue(kind)
    manifest = remove(path, ["red", "green"])
    texts = embed_words if kind == "worded" else None
    encoder = WORDED if kind == "worded" else ENCODER
    assert manifest == build(CASES[2:], embed, encoder, tmp_path / "rest", embed_texts=texts)


def test_encoders_are_never_mixed(folder: Path) -> None:
    other = ENCODER.model_copy(update={"weights": "f" * 64})
    before = ReferenceIndex.open(folder).digest
    with pytest.raises(ConfigError, match="was made with mean-colour"):
        add(folder, [case("grey", (90, 90, 90))], embed, other)
    assert ReferenceIndex.open(folder).digest == before


def test_nobody_adds_between_reading_and_building(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second would be undone by the first, which has read the index without its cases."""
    read = ReferenceIndex.open

    def and_another(path: Path, encoder: EncoderInfo | None = None) -> ReferenceIndex:
        index = read(path, encoder)
        patch.setattr(ReferenceIndex, "open", read)
        with pytest.raises(InvalidInput, match="another build of this index is running"):
            add(path, [case("lilac", (200, 150, 220))], embed, ENCODER)
        with pytest.raises(InvalidInput, match="another build of this index is running"):
            remove(path, ["red"])
        return index

    with monkeypatch.context() as patch:
        patch.setattr(ReferenceIndex, "open", and_another)
        add(folder, [case("grey", (90, 90, 90))], embed, ENCODER)
    add(folder, [case("lilac", (200, 150, 220))], embed, ENCODER)
    held = {each.id for each in ReferenceIndex.open(folder).cases_held}
    assert held == {*(each.id for each in CASES), "grey", "lilac"}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_what_cannot_be_added_or_removed(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="case 'red' comes twice"):
        add(folder, [case("red", (1, 2, 3))], embed, ENCODER)
    with pytest.raises(NotFound, match="no reference case 'pink'"):
        remove(folder, ["red", "pink"])
    with pytest.raises(InvalidInput, match="no case would be left"):
        remove(folder, [each.id for each in CASES])
    with pytest.raises(ConfigError, match="no reference index"):
        remove(tmp_path / "nowhere", ["red"])
    with pytest.raises(ConfigError, match="no reference index"):
        remove(tmp_path / "not" / "there", ["red"])
    assert not (tmp_path / "not").exists()
    assert len(ReferenceIndex.open(folder)) == len(CASES)
