"""The authors' index files: read without pickle, and their embeddings used only if they hold."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hikari_serve.engines.encoders import ReferenceEncoder
from hikari_serve.errors import InvalidInput
from hikari_serve.pictures.view import Preprocessing, content_hash
from hikari_serve.references.encoding import CaseEncoder
from hikari_serve.references.manifest import EncoderInfo
from hikari_serve.references.sources.collection import Collection, collect
from hikari_serve.references.sources.npz import NpzIndex, read_npz
from hikari_serve.references.sources.npz_embeddings import usable
from tests.engines.encoders import checkpoints
from tests.references.sources.pictures import paint

HUB = "openai/clip-vit-base-patch32"
PATHS = [rf"SkinCAP\skincap\{number}.png" for number in range(3)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CaseEncoder]:
    folder = tmp_path_factory.mktemp("clip")
    checkpoints.clip(folder)
    engine = ReferenceEncoder.load(folder, device="cpu", dtype="float32", max_batch=4, threads=1)
    info = EncoderInfo(name="clip_references", weights="0" * 64, preprocessing="full")
    yield CaseEncoder(engine, info, Preprocessing())
    asyncio.run(engine.close())


def write(folder: Path, encoder: CaseEncoder, **changes: Any) -> Path:
    """Pictures in the authors' layout, and an index file as their script saves it."""
    pictures = [
        paint(folder / "SkinCAP" / "skincap" / f"{number}.png", (80 * number, 200, 90))
        for number in range(3)
    ]
    arrays: dict[str, Any] = {
        "img_embs": 3 * encoder.images([Image.open(path).convert("RGB") for path in pictures]),
        "labels": np.array(["psoriasis", "acne vulgaris", "squamous cell carcinoma in situ"]),
        "paths": np.array(PATHS),
        "captions": np.array(["A plaque.", "Papules.", "None"]),
        "img_encoder": np.array(HUB),
        "txt_encoder": np.array(""),
        "strategy": np.array("A"),
        "alpha": np.array(0.5),
        "has_txt": np.array(False),
    }
    arrays |= changes
    file = folder / "rag_index_R0_train.npz"
    np.savez(file, **{name: array for name, array in arrays.items() if array is not None})
    return file


def used(
    index: NpzIndex, collection: Collection, encoder: CaseEncoder, hub: str = HUB
) -> list[Any]:
    return list(usable(index, collection, encoder, hub))


def test_cases_with_paths_from_windows(tmp_path: Path, encoder: CaseEncoder) -> None:
    index = read_npz(write(tmp_path, encoder), tmp_path)
    entries = index.listing.entries
    assert [entry.id for entry in entries] == [f"SkinCAP/skincap/{n}.png" for n in range(3)]
    assert all(entry.picture.is_file() for entry in entries)
    assert [entry.caption for entry in entries] == ["A plaque.", "Papules.", ""]
    assert "no split file was named" in index.listing.notes[0]
    # the folder of the pictures may be any of those in the paths
    inner = read_npz(tmp_path / "rag_index_R0_train.npz", tmp_path / "SkinCAP" / "skincap")
    assert [entry.picture for entry in inner.listing.entries] == [e.picture for e in entries]


def test_paths_do_not_lead_out_of_the_folder(tmp_path: Path, encoder: CaseEncoder) -> None:
    paths = np.array([r"C:\x\0.png", r"..\..\1.png", "/etc/passwd"])
    file = write(tmp_path, encoder, paths=paths)
    entries = read_npz(file, tmp_path / "pictures").listing.entries
    assert len(entries) == len(paths)
    for entry in entries:
        assert entry.picture.is_relative_to(tmp_path / "pictures")
        assert ".." not in entry.picture.parts


def test_split_files_apply(tmp_path: Path, encoder: CaseEncoder) -> None:
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"val_image_paths": PATHS[:1]}))
    index = read_npz(write(tmp_path, encoder), tmp_path, [split])
    assert len(index.listing.entries) == 2


def test_files_of_the_first_kind(tmp_path: Path, encoder: CaseEncoder) -> None:
    old = {"img_embs": None, "captions": None, "img_encoder": None, "embeddings": np.ones((3, 4))}
    index = read_npz(write(tmp_path, encoder, **old), tmp_path)
    assert [entry.caption for entry in index.listing.entries] == ["", "", ""]
    assert index.encoder == ""


class TestEmbeddings:
    def test_the_same_encoder(self, tmp_path: Path, encoder: CaseEncoder) -> None:
        index = read_npz(write(tmp_path, encoder), tmp_path)
        collection = collect(index.listing, None)
        embedded = used(index, collection, encoder)
        contents = [content_hash(entry.picture.read_bytes()) for entry in collection.entries]
        assert [one.content for one in embedded] == contents
        assert [np.linalg.norm(one.vector) for one in embedded] == pytest.approx([1, 1, 1])
        assert "3 of 3 pictures come out the same" in collection.report.notes[-1]

    def test_another_by_name(self, tmp_path: Path, encoder: CaseEncoder) -> None:
        index = read_npz(write(tmp_path, encoder), tmp_path)
        collection = collect(index.listing, None)
        assert used(index, collection, encoder, "google/siglip-base-patch16-512") == []
        assert "not used: they come from 'openai/clip" in collection.report.notes[-1]

    @pytest.mark.parametrize("embeddings", [np.ones((3, 16)), np.ones((3, 7))])
    def test_another_under_the_same_name(
        self, tmp_path: Path, encoder: CaseEncoder, embeddings: Any
    ) -> None:
        index = read_npz(write(tmp_path, encoder, img_embs=embeddings), tmp_path)
        collection = collect(index.listing, None)
        assert used(index, collection, encoder) == []
        assert "not used: embedded anew" in collection.report.notes[-1]


def test_python_objects_are_never_unpickled(tmp_path: Path, encoder: CaseEncoder) -> None:
    file = write(tmp_path, encoder, labels=np.array(["psoriasis", None, "acne"], dtype=object))
    with pytest.raises(InvalidInput, match=r"holds Python objects.*convert it once: python -c"):
        read_npz(file, tmp_path)


def test_the_conversion_that_the_message_names_works(
    tmp_path: Path, encoder: CaseEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.array(["psoriasis", "acne", "lupus erythematosus"], dtype=object)
    file = write(tmp_path, encoder, labels=labels)
    with pytest.raises(InvalidInput) as refused:
        read_npz(file, tmp_path)
    code = refused.value.message.partition('python -c "')[2].rstrip('"')
    exec(code.replace("OLD.npz", str(file)).replace("NEW.npz", str(tmp_path / "new.npz")), {})
    entries = read_npz(tmp_path / "new.npz", tmp_path).listing.entries
    assert [entry.label for entry in entries] == list(labels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"paths": None}, "has no array `paths`"),
        ({"img_embs": None}, "has no array `embeddings`"),
        ({"captions": np.array(["one"])}, "do not fit together: 3 img_embs.* 1 captions"),
        ({"img_embs": np.ones(3)}, "do not fit together"),
    ],
)
def test_arrays_that_do_not_fit(
    tmp_path: Path, encoder: CaseEncoder, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_npz(write(tmp_path, encoder, **changes), tmp_path)


def test_a_damaged_file(tmp_path: Path, encoder: CaseEncoder) -> None:
    file = write(tmp_path, encoder)
    data = bytearray(file.read_bytes())
    data[200] ^= 0xFF  # in the first array
    file.write_bytes(data)
    with pytest.raises(InvalidInput, match="is damaged"):
        read_npz(file, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 torn"])
def test_files_that_are_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.npz").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"is no \.npz file"):
        read_npz(tmp_path / "index.npz", tmp_path)
