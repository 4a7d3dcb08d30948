"""Searching and reading an index, and refusing one that cannot be trusted."""

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from hikari_serve.errors import ConfigError, EngineFailed, InvalidInput, NotFound
from hikari_serve.pictures.view import content_hash
from hikari_serve.references.builder import build
from hikari_serve.references.index import Match, ReferenceIndex
from hikari_serve.references.manifest import CASES as CASES_FILE
from hikari_serve.references.manifest import EMBEDDINGS, MANIFEST, TENSOR, TEXT_TENSOR
from hikari_serve.references.scoring import Query
from tests.references.squares import CASES, ENCODER, WORDED, case, embed


def vector(*values: float) -> NDArray[np.float32]:
    return np.array(values, dtype=np.float32)


class TestSearch:
    def test_most_similar_first(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder, ENCODER)
        found = index.search(Query(vector(200, 90, 95)), k=3).best
        assert [match.case_id for match in found] == ["rosé", "dark red", "red"]
        assert found[0].similarity > 0.99
        assert found[1].similarity == found[2].similarity  # the same hue: smaller id first
        assert all(isinstance(match.similarity, float) for match in found)

    def test_length_of_the_query_does_not_matter(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder)
        near, far = (index.search(Query(vector(red, 0, 0)), 1).best for red in (1e-3, 1e3))
        assert near == far == [Match("dark red", 1.0, 1.0)]

    def test_more_than_there_are(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder)
        found = index.search(Query(vector(1, 2, 3)), k=100).best
        assert len(found) == len(index) == 5
        assert {match.case_id for match in found} == {case.id for case in CASES}

    def test_equal_rows_are_exactly_equal_and_ordered_by_id(self, tmp_path: Path) -> None:
        dice = np.random.default_rng(5)
        row = dice.normal(size=67).astype(np.float32)
        ids = [f"case {number:03}" for number in dice.permutation(203)]
        signs = iter([1, -1] * 102)
        build(
            [case(case_id, (number, 9, 9)) for number, case_id in enumerate(ids)],
            lambda images: np.stack([row * next(signs) for _ in images]),
            ENCODER,
            tmp_path / "index",
        )
        query = dice.normal(size=67).astype(np.float32)
        query *= np.sign(query @ row)
        found = ReferenceIndex.open(tmp_path / "index").search(Query(query), k=203).best
        assert len({match.similarity for match in found}) == 2
        assert [match.case_id for match in found] == sorted(ids[::2]) + sorted(ids[1::2])

    def test_agrees_with_float64(self, tmp_path: Path) -> None:
        dice = np.random.default_rng(6)
        rows = dice.normal(size=(40, 16))
        queue = iter(rows)
        build(
            [case(f"{number:02}", (number, 9, 9)) for number in range(40)],
            lambda images: np.stack([next(queue) for _ in images]).astype(np.float32),
            ENCODER,
            tmp_path / "index",
        )
        query = dice.normal(size=16)
        cosine = rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)
        index = ReferenceIndex.open(tmp_path / "index")
        found = index.search(Query(query.astype(np.float32)), k=10).best
        assert [int(match.case_id) for match in found] == list(np.argsort(-cosine)[:10])
        assert [match.similarity for match in found] == pytest.approx(np.sort(-cosine)[:10] * -1)
        for row in rows.astype(np.float32):
            for sign in (1, -1):
                matches = index.search(Query(sign * row), k=40).best
                assert all(-1 <= match.similarity <= 1 for match in matches)

    def test_words_take_the_part_that_alpha_leaves_them(self, worded: Path) -> None:
        index = ReferenceIndex.open(worded, WORDED)
        image, text = vector(250, 120, 130), vector(0, 1)
        alone = index.search(Query(image, alpha=0.3), 5).best
        assert [match.score for match in alone] == [match.similarity for match in alone]
        cosine = {match.case_id: match.similarity for match in alone}
        for alpha in (0.0, 0.3, 1.0):
            found = index.search(Query(image, text, alpha), 5).best
            for match in found:
                likeness = 1.0 if match.case_id == "green" else 0.0  # see `embed_words`
                assert match.similarity == cosine[match.case_id]
                expected = alpha * match.similarity + (1 - alpha) * likeness
                assert match.score == pytest.approx(expected, abs=1e-6)
            assert found == sorted(found, key=lambda match: -match.score)
        assert index.search(Query(image, text, 0.3), 1).best[0].case_id == "green"
        assert index.search(Query(image, text, 1.0), 1).best[0].case_id == "rosé"

    def test_the_nearest_is_told_where_words_keep_it_from_the_best(self, worded: Path) -> None:
        index = ReferenceIndex.open(worded, WORDED)
        image = vector(250, 120, 130)
        alone = index.search(Query(image), 5)
        assert alone.nearest == alone.best[0].similarity
        for k in (1, 5):
            found = index.search(Query(image, vector(0, 1), 0.3), k)
            assert found.best[0].similarity < alone.best[0].similarity
            assert found.nearest == alone.nearest

    def test_an_index_without_words_cannot_compare_them(self, folder: Path) -> None:
        with pytest.raises(InvalidInput, match="no embeddings of words"):
            ReferenceIndex.open(folder).search(Query(vector(1, 0, 0), vector(1, 0)), 1)

    def test_the_picture_itself_is_left_out_by_its_content(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder)
        own = Query(vector(250, 0, 0), content=content_hash(CASES[0].image))
        assert [match.case_id for match in index.search(own, 5).best] == [
            "dark red", "rosé", "blue", "green",
        ]  # fmt: skip

    def test_near_duplicates_are_left_out_by_their_similarity(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder)
        found = index.search(Query(vector(250, 0, 0), max_similarity=0.99), 5).best
        assert [match.case_id for match in found] == ["rosé", "blue", "green"]
        far = index.search(Query(vector(250, 0, 0), max_similarity=0.99), 1)
        assert far.nearest == found[0].similarity  # those that are left out are not the nearest
        assert index.search(Query(vector(250, 0, 0), max_similarity=-0.5), 5) == ([], None)

    @pytest.mark.parametrize("k", [0, -3])
    def test_k_below_one(self, folder: Path, k: int) -> None:
        with pytest.raises(InvalidInput, match="at least one"):
            ReferenceIndex.open(folder).search(Query(vector(1, 0, 0)), k)

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            (vector(1, 0), r"shape \(2,\); this index holds vectors of 3"),
            (vector(1, 0, 0)[None], "shape"),
        ],
    )
    def test_wrong_query(self, folder: Path, query: NDArray[np.float32], message: str) -> None:
        with pytest.raises(InvalidInput, match=message):
            ReferenceIndex.open(folder).search(Query(query), 1)

    @pytest.mark.parametrize("red", [0, np.nan, np.inf])
    def test_what_the_encoder_could_not_embed_is_not_the_callers_fault(
        self, folder: Path, red: float
    ) -> None:
        with pytest.raises(EngineFailed, match="zero or not finite"):
            ReferenceIndex.open(folder).search(Query(vector(red, 0, 0)), 1)


class TestCases:
    def test_a_case_comes_back_as_it_went_in(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder)
        for expected in CASES:
            assert index.case(expected.id) == expected

    def test_several_in_the_order_asked(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder)
        assert [case.id for case in index.cases(["red", "blue", "red"])] == ["red", "blue", "red"]
        assert index.cases([]) == []

    def test_unknown_case(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder)
        with pytest.raises(NotFound, match="no reference case 'pink'"):
            index.cases(["red", "pink"])
        with pytest.raises(NotFound, match=r"no reference case 'x{100}…' in this index"):
            index.cases(["x" * 60_000])

    def test_from_several_threads(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder)

        def both(number: int) -> bool:
            wanted = CASES[number % len(CASES)]
            found = index.search(Query(vector(0, 0, 1)), 1).best
            return index.case(wanted.id) == wanted and found[0].case_id == "blue"

        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(both, range(400)))

    def test_read_only_folder_with_odd_name(self, folder: Path) -> None:
        odd = copytree(folder, folder.with_name("50% of #1? ünd"))
        odd.chmod(0o500)
        try:
            assert ReferenceIndex.open(odd).case("red") == CASES[0]
            assert sorted(path.name for path in odd.iterdir()) == [
                CASES_FILE,
                EMBEDDINGS,
                MANIFEST,
            ]
        finally:
            odd.chmod(0o700)


def test_a_case_that_was_read_is_at_hand(folder: Path) -> None:
    index = ReferenceIndex.open(folder)
    read = index.case("red")
    index.close()
    assert index.case("red") is read


@pytest.mark.parametrize(("share", "kept"), [(0.01, 1), (0.45, 2), (0.85, 4)])
def test_as_many_cases_are_at_hand_as_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch, folder: Path, share: float, kept: int
) -> None:
    """Photographs are large: what is kept is bounded in bytes."""
    room = int(share * (folder / CASES_FILE).stat().st_size)
    monkeypatch.setattr("hikari_serve.references.index.KEPT_BYTES", room)
    index = ReferenceIndex.open(folder)
    read = [index.case(each.id) for each in CASES]
    index.read("red")
    index.close()
    assert [index.case(each.id) for each in CASES[-kept:]] == read[-kept:]
    with pytest.raises(ConfigError):  # it is read anew, from what is closed
        index.case(CASES[-kept - 1].id)


def edit_manifest(folder: Path, **fields: object) -> None:
    path = folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def edit_cases(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / CASES_FILE)
    connection.execute(statement)
    connection.commit()
    connection.close()


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rewrite_embeddings(folder: Path, rows: int, dim: int) -> None:
    save_file({TENSOR: np.ones((rows, dim), dtype=np.float32)}, folder / EMBEDDINGS)


class TestOpening:
    def test_what_it_says_of_itself(self, folder: Path) -> None:
        index = ReferenceIndex.open(folder, ENCODER)
        assert index.encoder == ENCODER
        assert index.digest == json.loads((folder / MANIFEST).read_text())["digest"]
        index.close()
        assert index.search(Query(vector(0, 1, 0)), 1).best[0].case_id == "green"

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(
            ConfigError, match=r"there is no reference index .* `hikari index build"
        ):
            ReferenceIndex.open(tmp_path / "nowhere")

    @pytest.mark.parametrize(
        "harm",
        [
            lambda folder: (folder / MANIFEST).unlink(),
            lambda folder: (folder / MANIFEST).write_text("{"),
            lambda folder: edit_manifest(folder, format=2),
            lambda folder: edit_manifest(folder, digest="0" * 64),
            lambda folder: edit_manifest(folder, count=4),
            lambda folder: edit_manifest(folder, dim=4),
            lambda folder: edit_manifest(folder, surprise=1),
            lambda folder: (folder / EMBEDDINGS).unlink(),
            lambda folder: truncate(folder / EMBEDDINGS),
            lambda folder: save_file({"other": np.ones((5, 3))}, folder / EMBEDDINGS),
            lambda folder: rewrite_embeddings(folder, rows=5, dim=3),
            lambda folder: rewrite_embeddings(folder, rows=4, dim=3),
            lambda folder: (folder / CASES_FILE).unlink(),
            lambda folder: (folder / CASES_FILE).write_bytes(b"no database" * 1000),
            lambda folder: (folder / CASES_FILE).write_bytes(b""),
            lambda folder: truncate(folder / CASES_FILE),
            lambda folder: edit_cases(folder, "DELETE FROM cases WHERE id = 'red'"),
            lambda folder: edit_cases(folder, "UPDATE cases SET label = 'x' WHERE id = 'red'"),
            lambda folder: edit_cases(folder, "UPDATE cases SET caption = '' WHERE id = 'red'"),
            lambda folder: edit_cases(folder, "UPDATE cases SET id = 'pink' WHERE id = 'red'"),
        ],
    )
    def test_damaged_or_mixed_up(self, folder: Path, harm: Callable[[Path], object]) -> None:
        harm(folder)
        with pytest.raises(ConfigError, match="build it with `hikari index build`"):
            ReferenceIndex.open(folder)

    def test_picture_changed_on_disk(self, folder: Path) -> None:
        edit_cases(folder, "UPDATE cases SET image = x'00' WHERE id = 'red'")
        index = ReferenceIndex.open(folder)
        with pytest.raises(ConfigError, match="'red' is corrupt on disk; build the index again"):
            index.case("red")
        assert index.case("blue").id == "blue"

    def test_picture_lost_on_disk(self, tmp_path: Path) -> None:
        large = case("large", (1, 2, 3))
        large = type(large)("large", large.image + bytes(200_000), "psoriasis")
        build([large], embed, ENCODER, tmp_path / "index")
        path = tmp_path / "index" / CASES_FILE
        index = ReferenceIndex.open(tmp_path / "index")
        with path.open("r+b") as file:
            file.truncate(100_000)
        with pytest.raises(ConfigError, match="corrupt on disk"):
            index.case("large")

    def test_the_distances_between_few_cases_are_each_kept(self, folder: Path) -> None:
        kept = ReferenceIndex.open(folder).nearest
        assert len(kept) == len(CASES)
        manifest = json.loads((folder / MANIFEST).read_text())
        assert manifest["nearest"] == list(kept)
        manifest["nearest"] = np.percentile(kept, range(101)).tolist()  # as it once was
        (folder / MANIFEST).write_text(json.dumps(manifest))
        assert ReferenceIndex.open(folder).nearest == kept

    def test_an_index_with_words(self, worded: Path) -> None:
        assert ReferenceIndex.open(worded, WORDED).encoder.text == WORDED.text
        with pytest.raises(ConfigError, match="prefix 'query: '"):
            ReferenceIndex.open(worded, ENCODER)
        tensors = load_file(worded / EMBEDDINGS)
        save_file({**tensors, TEXT_TENSOR: tensors[TEXT_TENSOR][::-1]}, worded / EMBEDDINGS)
        with pytest.raises(ConfigError, match="do not belong together"):
            ReferenceIndex.open(worded, WORDED)

    @pytest.mark.parametrize("field", ["name", "weights", "preprocessing"])
    def test_another_encoder(self, folder: Path, field: str) -> None:
        other = ENCODER.model_copy(update={field: "another"})
        with pytest.raises(ConfigError, match=r"mean-colour .* another.*; build it with"):
            ReferenceIndex.open(folder, other)
