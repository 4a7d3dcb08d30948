"""Building an index: the same from the same cases, whole or not at all."""

import json
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hikari_serve.errors import BadImage, EngineFailed, InvalidInput
from hikari_serve.references.builder import build, restore
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.manifest import CASES as CASES_FILE
from hikari_serve.references.manifest import EMBEDDINGS, MANIFEST, Manifest
from hikari_serve.references.scoring import Query
from tests.references.squares import CASES, ENCODER, WORDED, case, embed, embed_words


def test_batches_and_progress(tmp_path: Path) -> None:
    sizes: list[int] = []
    done: list[int] = []

    def watched(images: list[Image.Image]) -> NDArray[np.float32]:
        assert {image.mode for image in images} == {"RGB"}
        sizes.append(len(images))
        return embed(images)

    manifest = build(iter(CASES), watched, ENCODER, tmp_path / "a" / "index", 2, done.append)
    assert (sizes, done) == ([2, 2, 1], [2, 4, 5])
    assert (manifest.count, manifest.dim, manifest.encoder) == (5, 3, ENCODER)
    assert Manifest.read(tmp_path / "a" / "index") == manifest


def test_deterministic_in_any_order_and_batch(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abc"]
    digests = {
        build(cases, embed, ENCODER, folder, batch).digest
        for cases, folder, batch in zip(
            (CASES, CASES, CASES[::-1]), folders, (5, 5, 2), strict=True
        )
    }
    assert len(digests) == 1
    for name in (EMBEDDINGS, MANIFEST):
        assert len({(folder / name).read_bytes() for folder in folders}) == 1
    assert (folders[0] / CASES_FILE).read_bytes() == (folders[1] / CASES_FILE).read_bytes()


def test_order_of_ids_is_that_of_the_database(tmp_path: Path) -> None:
    # Code points, where UTF-16 or a locale would sort differently.
    ids = ["Z", "a", "é", "10", "9", "\uffff", "\U0001f600", "z"]
    cases = [case(case_id, (index * 30, 100, 50)) for index, case_id in enumerate(ids)]
    build(cases, embed, ENCODER, tmp_path / "index")
    index = ReferenceIndex.open(tmp_path / "index")
    for wanted in cases:
        query = np.array([cases.index(wanted) * 30, 100, 50], dtype=np.float32)
        assert index.search(Query(query), 1).best[0].case_id == wanted.id


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "other"},
        {"label": "other"},
        {"caption": "other"},
        {"image": CASES[1].image},
        {"label": "psoriasisA", "caption": " square of (250, 0, 0)."},
    ],
)
def test_digest_sees_every_change(tmp_path: Path, changed: dict[str, Any]) -> None:
    def fixed(images: list[Image.Image]) -> NDArray[np.float32]:
        return np.ones((len(images), 3), dtype=np.float32)

    before = build([CASES[0]], fixed, ENCODER, tmp_path / "a").digest
    assert build([replace(CASES[0], **changed)], fixed, ENCODER, tmp_path / "b").digest != before


def test_digest_sees_the_embeddings(tmp_path: Path) -> None:
    before = build(CASES, embed, ENCODER, tmp_path / "a").digest
    turned = build(CASES, lambda images: embed(images)[:, ::-1], ENCODER, tmp_path / "b").digest
    assert turned != before


def test_rebuilding_replaces_the_old_index(folder: Path) -> None:
    opened = ReferenceIndex.open(folder)
    build(CASES[:2], embed, ENCODER, folder)
    assert len(ReferenceIndex.open(folder)) == 2
    assert opened.case("blue") == CASES[2]  # who has the old one open keeps reading it
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_readable_for_others(folder: Path) -> None:
    beside = folder.parent / "beside"
    beside.mkdir()
    assert stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(beside.stat().st_mode)


def test_never_replaces_something_else(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"precious")
    for out in (tmp_path, tmp_path / "holiday.jpg"):
        with pytest.raises(InvalidInput, match="is no reference index; name another folder"):
            build(CASES, embed, ENCODER, out)
    assert (tmp_path / "holiday.jpg").read_bytes() == b"precious"


@pytest.mark.parametrize(
    ("cases", "error", "message"),
    [
        ([], InvalidInput, "no reference cases"),
        ([CASES[0], CASES[1], CASES[0]], InvalidInput, "case 'red' comes twice"),
        ([CASES[0], replace(CASES[1], image=b"")], BadImage, "case 'green': the picture is empty"),
        (
            [replace(CASES[1], image=CASES[1].image[:-30])],
            BadImage,
            "case 'green': the PNG file is truncated",
        ),
    ],
)
def test_wrong_cases_leave_the_old_index(
    folder: Path, cases: list[Any], error: type[Exception], message: str
) -> None:
    before = ReferenceIndex.open(folder).digest
    for out in (folder, folder.with_name("new")):
        with pytest.raises(error, match=message):
            build(cases, embed, ENCODER, out, batch=1)
    left = {path.name for path in folder.parent.iterdir()}
    # the embeddings that were finished stay for the next try
    assert left == (
        {folder.name, ".index.building", ".new.building"} if len(cases) > 1 else {folder.name}
    )
    assert ReferenceIndex.open(folder).digest == before


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.ones((4, 3)), r"shape \(4, 3\) for 5 pictures"),
        (np.ones(5), r"shape \(5,\)"),
        (np.ones((5, 3)) * [[1], [1], [0], [1], [1]], "case 'blue' is zero or not finite"),
        (np.ones((5, 3)) * [[1], [np.nan], [1], [1], [1]], "case 'green'"),
    ],
)
def test_wrong_embeddings(tmp_path: Path, vectors: NDArray[np.float32], message: str) -> None:
    with pytest.raises(EngineFailed, match=message):
        build(CASES, lambda images: vectors, ENCODER, tmp_path / "index")


def test_a_killed_build_goes_on_where_it_was(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from hikari_serve.references.builder import build, restore
from tests.references.squares import CASES, ENCODER, embed
batches = []
def dying(images):
    batches.append(images)
    return embed(images) if len(batches) < 3 else os._exit(9)
build(CASES, dying, ENCODER, Path(sys.argv[1]), batch=2)
"""
    out = tmp_path / "index"
    killed = subprocess.run([sys.executable, "-c", script, out], check=False)
    assert killed.returncode == 9
    assert not out.exists()
    seen: list[int] = []

    def counted(images: list[Image.Image]) -> NDArray[np.float32]:
        seen.append(len(images))
        return embed(images)

    manifest = build(CASES, counted, ENCODER, out, batch=2)
    assert seen == [1]  # two batches of two were done
    assert manifest == build(CASES, embed, ENCODER, tmp_path / "other")
    assert {path.name for path in tmp_path.iterdir()} == {"index", "other"}


@pytest.mark.parametrize("room", [2_000, 12_000, 40_000])
def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path, room: int) -> None:
    """No file may grow beyond `room`, which fails at another write each time."""
    script = """
import resource, sys
from pathlib import Path
from hikari_serve.references.builder import build
from tests.references.squares import CASES, ENCODER, case, embed
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
many = [case(f"{n}", (n, 100, 50)) for n in range(200)]
try:
    build(many, embed, ENCODER, Path(sys.argv[1]), batch=20)
except OSError as error:
    print(error)
"""
    out = tmp_path / "index"
    done = subprocess.run(
        [sys.executable, "-c", script, out, str(room)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"the index cannot be written in {tmp_path}/.index.building: ")
    assert "make room and give the same command again" in done.stdout
    assert not out.exists()
    many = [case(f"{n}", (n, 100, 50)) for n in range(200)]
    assert build(many, embed, ENCODER, out).count == 200


def test_an_interrupted_build_is_not_finished_by_another_encoder(tmp_path: Path) -> None:
    def interrupted(images: list[Image.Image]) -> NDArray[np.float32]:
        if len(images) == 1:
            raise KeyboardInterrupt
        return embed(images)

    out = tmp_path / "index"
    with pytest.raises(KeyboardInterrupt):
        build(CASES, interrupted, ENCODER, out, batch=2)
    other = ENCODER.model_copy(update={"name": "other"})
    with pytest.raises(InvalidInput, match=r"mean-colour .* interrupted .* other .* delete .*"):
        build(CASES, embed, other, out)


def test_one_build_at_a_time(tmp_path: Path) -> None:
    out = tmp_path / "index"

    def nosy(images: list[Image.Image]) -> NDArray[np.float32]:
        with pytest.raises(InvalidInput, match="another build of this index is running"):
            build(CASES, embed, ENCODER, out)
        return embed(images)

    build(CASES, nosy, ENCODER, out)


@pytest.mark.parametrize("step", ["out.rename", "fresh.rename", "rmtree"])
def test_one_build_until_nothing_of_it_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    refused: list[str] = []

    def intrude(at: str) -> None:
        if at == step and not refused:
            refused.append(at)
            with pytest.raises(InvalidInput, match="another build of this index is running"):
                build(CASES[:1], embed, ENCODER, folder)

    rename, rmtree = Path.rename, shutil.rmtree

    def watched_rename(path: Path, target: Path) -> Path:
        done = rename(path, target)
        intrude("out.rename" if path == folder else "fresh.rename")
        return done

    def watched_rmtree(path: Path, ignore_errors: bool = False) -> None:
        if path.name == ".index.building":
            intrude("rmtree")
        rmtree(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(Path, "rename", watched_rename)
    monkeypatch.setattr(shutil, "rmtree", watched_rmtree)
    build(CASES[:3], embed, ENCODER, folder)
    assert refused == [step]
    assert len(ReferenceIndex.open(folder)) == 3
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("placed", [False, True])
def test_killed_while_the_index_was_put_in_place(folder: Path, placed: bool) -> None:
    work = folder.with_name(".index.building")
    work.mkdir()
    shutil.copytree(folder, work / "old")
    if not placed:
        shutil.rmtree(folder)
    restore(folder)
    assert len(ReferenceIndex.open(folder)) == len(CASES)
    assert not (work / "old").exists()


def test_cases_whose_picture_cannot_be_read_may_be_left_out(tmp_path: Path) -> None:
    left_out: list[str] = []
    broken = replace(CASES[1], image=b"no picture")
    manifest = build(
        [CASES[0], broken, CASES[2]],
        embed,
        ENCODER,
        tmp_path / "index",
        on_bad=lambda case, error: left_out.append(f"{case.id}: {error.message}"),
    )
    assert manifest.count == 2
    assert len(left_out) == 1
    assert left_out[0].startswith("green: this is no picture")


def test_equal_pictures_and_words_are_embedded_once(tmp_path: Path) -> None:
    twice = [CASES[0], replace(CASES[0], id="again"), CASES[1]]
    sizes: list[int] = []

    def counted(images: list[Image.Image]) -> NDArray[np.float32]:
        sizes.append(len(images))
        return embed(images)

    def counted_words(texts: list[str]) -> NDArray[np.float32]:
        sizes.append(len(texts))
        return embed_words(texts)

    out = tmp_path / "index"
    build(twice, counted, WORDED, out, embed_texts=counted_words)
    assert sizes == [2, 2]
    found = ReferenceIndex.open(out).search(Query(np.array([9, 0, 0], dtype=np.float32)), 3).best
    assert found[0].similarity == found[1].similarity == 1


def test_manifests_without_words_are_as_they_were(folder: Path) -> None:
    assert set(json.loads((folder / MANIFEST).read_text())["encoder"]) == {
        "name", "weights", "preprocessing",
    }  # fmt: skip
