"""The retriever over a real encoder and index: what it finds, leaves out, and shows."""

import asyncio
import base64
import re
import threading
import time
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import ExifTags, Image

from hikari_serve.errors import ConfigError, InvalidInput
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import Preprocessing, content_hash, make_view
from hikari_serve.presentation.parts import case_answer
from hikari_serve.references.builder import build
from hikari_serve.references.encoding import open_encoder
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.store import Case
from hikari_serve.report import Report, render
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.weights import find_weights
from hikari_serve.stage import Item, Retrieval, StageResult
from hikari_serve.tasks.loading import load_model
from tests.engines.encoders import checkpoints
from tests.report.conftest import MADE, complete

WORDS = ["a red scaly patch", "a sharp border", "red", "patch with a border"]
COLOURS = [(200, 60, 60), (210, 80, 70), (60, 60, 200), (60, 190, 80)]
FORMATS = ["PNG", "JPEG", "HEIF", "TIFF"]
TEXT = {"encoder": "bert", "against": "description", "alpha": 0.5}


def picture(number: int) -> bytes:
    """A square with a bar of its own, so that encodings differ, from a camera that says where."""
    image = Image.new("RGB", (48, 48), COLOURS[number])
    image.paste((250, 240, 230), (6 * number, 10, 6 * number + 12, 40))
    buffer = BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.DateTime] = "2026:01:02 03:04:05"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (52.0, 31.0, 12.0)})
    image.save(buffer, FORMATS[number], exif=exif)
    return buffer.getvalue()


CASES = [
    Case(f"case {number}", picture(number), "psoriasis", words)
    for number, words in enumerate(WORDS)
]

Ask = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Asks a reference model with these settings about a picture, through its queue."""

    def ask(
        image: bytes = CASES[0].image,
        *,
        description: str | None = None,
        cases: int | None = None,
        content: bool = True,
        whole: bool = False,
        **settings: Any,
    ) -> Any:
        repository = made(tmp_path, settings)
        inputs = {} if description is None else {"description": description}
        item = Item(
            id="1",
            model="squares",
            view=make_view(open_image(image, PictureLimits()), Preprocessing()),
            content=content_hash(image) if content else None,
            inputs=inputs,
            cases=cases,
            deadline=time.time() + 60,
        )

        async def answer() -> StageResult:
            model = load_model(repository, "squares", 1, cores=1)
            try:
                return await model.infer(item)
            finally:
                await model.close()

        result = asyncio.run(answer())
        assert isinstance(result.output, Retrieval)
        return result if whole else result.output

    return ask


def made(root: Path, settings: dict[str, Any]) -> Repository:
    """A repository with one reference model and its index."""
    folder = root / "models" / "squares"
    (folder / "1").mkdir(parents=True)
    hikari = {"kind": "retrieve", "index": "index", **settings}
    if hikari.get("encoder") == "siglip":
        checkpoints.siglip(folder / "1")
    else:
        checkpoints.clip(folder / "1")
    if hikari.get("text", {}).get("encoder") == "bert":
        checkpoints.bert("xlm-roberta")(folder / "1" / "text")
    string: dict[str, Any] = {"data_type": "TYPE_STRING", "dims": [1]}
    inputs: list[dict[str, Any]] = [{"name": "image", **string}]
    if hikari.get("text", {}).get("against") == "description":
        inputs.append({"name": "description", "optional": True, **string})
    triton = {"name": "squares", "backend": "transformers", "max_batch_size": 4, "input": inputs}
    (folder / "config.yaml").write_text(yaml.safe_dump({"triton": triton, "hikari": hikari}))
    repository = Repository(root / "models")
    encoder = open_encoder(repository.config("squares"), find_weights(repository, "squares", 1), 1)
    texts = encoder.texts if encoder.info.text else None
    build(CASES, encoder.images, encoder.info, folder / "1" / "index", embed_texts=texts)
    return repository


def ids(found: Retrieval) -> list[str]:
    return [case.id for case in found.cases]


class TestFinds:
    def test_the_picture_itself_is_not_its_own_evidence(self, ask: Ask) -> None:
        found = ask(top_k=4)
        assert set(ids(found)) == {"case 1", "case 2", "case 3"}
        ranked = [case.similarity for case in found.cases]
        assert ranked == sorted(ranked, reverse=True)
        assert all(case.score is None for case in found.cases)

    def test_unless_the_model_wants_it(self, ask: Ask) -> None:
        found = ask(exclude_query=False, cases=1)
        assert ids(found) == ["case 0"]
        assert found.cases[0].similarity == pytest.approx(1, abs=1e-5)

    def test_the_same_pixels_in_another_file_are_it_too(self, ask: Ask) -> None:
        other = CASES[0].image + b"another file"
        assert set(ids(ask(other, top_k=4))) == {"case 1", "case 2", "case 3"}

    def test_near_duplicates_by_their_similarity(self, ask: Ask) -> None:
        found = ask(top_k=4, max_similarity=-1)
        assert ids(found) == []


class TestWords:
    def test_without_a_description_pictures_decide(self, ask: Ask) -> None:
        found = ask(encoder="siglip", text=TEXT)
        assert [case.score for case in found.cases] == [None] * 3

    def test_a_description_finds_the_case_that_says_so(self, ask: Ask) -> None:
        text = {**TEXT, "alpha": 0.0}
        found = ask(encoder="siglip", text=text, description=WORDS[3])
        assert ids(found)[0] == "case 3"
        assert found.cases[0].score == pytest.approx(1, abs=1e-5)
        assert found.cases[0].similarity < 1

    def test_the_answer_says_that_words_were_compared(self, ask: Ask) -> None:
        settings = {"encoder": "siglip", "text": TEXT, "whole": True}
        said = ask(description=WORDS[3], **settings).provenance
        assert said.description == content_hash(WORDS[3].encode())
        assert said.index

    def test_the_answer_says_how_many_cases_were_asked_for(self, ask: Ask) -> None:
        assert ask(cases=2, whole=True).provenance.cases == 2

    def test_the_answer_says_how_many_cases_it_finds_of_itself(self, ask: Ask) -> None:
        assert ask(top_k=4, whole=True).provenance.cases == 4

    def test_the_score_is_the_mean_of_both(self, ask: Ask) -> None:
        found = ask(encoder="siglip", text=TEXT, description=WORDS[3], cases=3)
        (same,) = (case for case in found.cases if case.id == "case 3")  # whose words are equal
        assert same.score == pytest.approx(0.5 * same.similarity + 0.5, abs=1e-5)

    def test_neither_words_nor_the_number_of_cases_move_the_nearest(self, ask: Ask) -> None:
        text = {**TEXT, "alpha": 0.0}
        one = ask(encoder="siglip", text=text, description=WORDS[3], cases=1)
        (far,) = one.cases
        assert one.nearest > far.similarity
        assert one.nearest_distance == pytest.approx(1 - one.nearest)
        assert one.typicality >= 0.5  # of a case as far as this one it is about 0.3

    def test_in_a_shared_space_the_picture_is_compared_with_words(self, ask: Ask) -> None:
        text = {
            "encoder": "clip",
            "against": "picture",
            "alpha": 0.9,
            "max_tokens": 60,
            "max_query_tokens": 60,
        }
        found = ask(text=text)
        scores = [case.score for case in found.cases]
        assert len(scores) == 3
        assert None not in scores
        assert scores == sorted(scores, reverse=True)

    def test_a_model_of_pictures_takes_no_description(self, ask: Ask) -> None:
        with pytest.raises(InvalidInput, match="has no input 'description'; it has image"):
            ask(description="a red patch")


class TestShows:
    """SkinCAP may not be redistributed: what leaves the server is the configuration's word."""

    def test_ids_are_the_default(self, ask: Ask) -> None:
        shown = [(case.label, case.caption, case.image) for case in ask().cases]
        assert shown == [(None, None, None)] * 3

    def test_text(self, ask: Ask) -> None:
        found = ask(expose="text")
        assert {case.caption for case in found.cases} == set(WORDS[1:])
        assert {case.label for case in found.cases} == {"psoriasis"}
        assert {case.image for case in found.cases} == {None}

    def test_image(self, ask: Ask) -> None:
        shown = {case.id: case.image for case in ask(expose="image").cases}
        assert len(shown) == 3
        for case in CASES[1:]:
            picture = Image.open(BytesIO(shown[case.id]))
            pixels = np.asarray(picture.convert("RGB")).astype(int)
            kept = np.asarray(open_image(case.image, PictureLimits())).astype(int)
            assert np.abs(pixels - kept).mean() < 3
            assert picture.format == "JPEG"  # also where no browser shows the case's own file

    def test_no_image_says_where_and_when_it_was_taken(self, ask: Ask) -> None:
        assert all(Image.open(BytesIO(case.image)).getexif() for case in CASES)
        cases = ask(expose="image").cases
        shown = tuple(case_answer(case, {}) for case in cases)
        answer = complete().model_copy(update={"references": shown})
        uris = re.findall(
            'data:image/jpeg;base64,([^"]+)', render(Report(answer, None, MADE), "html")
        )
        assert len(uris) == 3
        for data in [*(case.image for case in cases), *map(base64.b64decode, uris)]:
            assert not Image.open(BytesIO(data)).getexif()
            assert b"Exif" not in data


def test_an_index_of_another_encoder_is_refused(tmp_path: Path) -> None:
    repository = made(tmp_path, {})
    path = repository.folder("squares") / "config.yaml"
    parts = yaml.safe_load(path.read_text())
    parts["hikari"]["preprocessing"] = {"max_side": 16}
    path.write_text(yaml.safe_dump(parts))
    with pytest.raises(ConfigError, match=r"made with squares .*pictures full.* max16-lanczos"):
        load_model(repository, "squares", 1, cores=1)


def test_the_index_is_read_off_the_event_loop(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []
    cases = ReferenceIndex.cases

    def read(index: ReferenceIndex, case_ids: Iterable[str]) -> list[Case]:
        threads.append(threading.current_thread())
        return cases(index, case_ids)

    monkeypatch.setattr(ReferenceIndex, "cases", read)
    ask()
    assert threads
    assert threading.main_thread() not in threads
