"""Pictures of cases as answers show them."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hikari_serve.errors import NotFound, UnsupportedImage
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.references import shown
from hikari_serve.references.builder import build
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.shown import shown_pictures
from tests.pictures.files import encode, exif
from tests.references.squares import CASES, ENCODER, embed


def index_of(picture: bytes, out: Path) -> ReferenceIndex:
    """An index of one case with this picture."""
    build([replace(CASES[0], image=picture)], embed, ENCODER, out)
    return ReferenceIndex.open(out)


def test_a_shown_picture_is_upright_and_small_and_the_index_keeps_the_file(tmp_path: Path) -> None:
    photo = Image.new("RGB", (1500, 750), (250, 0, 0))
    photo.paste((0, 0, 250), (0, 0, 750, 750))
    file = encode(photo, "JPEG", exif=exif(6), comment=b"a name")
    index = index_of(file, tmp_path / "index")
    data = shown_pictures(index)("red")
    assert data is not None
    found = Image.open(BytesIO(data))
    assert found.size == (512, 1024)
    assert np.asarray(found)[10, 10, 2] > 200  # what was stored on the left is above
    assert not found.getexif()
    assert b"a name" not in data
    assert index.case("red").image == file


def test_a_picture_is_encoded_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[bytes] = []

    def watched(picture: bytes, limits: PictureLimits) -> bytes:
        encoded.append(picture)
        return picture[:1]

    monkeypatch.setattr(shown, "upright", watched)
    picture = shown_pictures(ReferenceIndex.open(folder))
    assert [picture(name) for name in ("red", "red", "blue")] == [b"\x89"] * 3
    assert len(encoded) == 2


def test_a_file_that_is_no_longer_read_is_not_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(picture: bytes, limits: PictureLimits) -> bytes:
        raise UnsupportedImage("not this kind")

    monkeypatch.setattr(shown, "upright", refuse)
    picture = shown_pictures(ReferenceIndex.open(folder))
    assert picture("red") is None
    with pytest.raises(NotFound):
        picture("pink")
