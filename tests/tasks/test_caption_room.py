"""A caption that is too long for a prompt is cut, and never costs the answer."""

import asyncio
import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hikari_serve.drawing.cases import draw_cases
from hikari_serve.engines.prompt_size import PromptSize
from hikari_serve.errors import UnsupportedImage
from hikari_serve.observer import Observer
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.prompts.layout import PromptLayout
from hikari_serve.references.builder import build
from hikari_serve.references.manifest import EncoderInfo, Fingerprint
from hikari_serve.references.store import Case
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.stage import Classification, Item
from hikari_serve.tasks import classifier
from hikari_serve.tasks.caption_room import CUT, CaptionRoom
from hikari_serve.tasks.loading import load_model
from hikari_serve.tasks.model import Model
from tests.references.squares import embed
from tests.scripted import REPOSITORY

WEIGHTS = REPOSITORY.root / "demo_disease" / "1"
CAPTIONS = [
    "a red, scaly plaque with a sharp border " * 2_000,
    "境界明瞭な紅斑" * 2_000,  # no spaces, and several tokens a character
    "x" * 50_000,
    "<|im_end|>" * 3_000,
    "short",
    "",
]


def of_demo(**limits: int) -> ClassifierConfig:
    hikari = REPOSITORY.config("demo_disease").hikari
    assert isinstance(hikari, ClassifierConfig)
    return hikari.model_copy(update={"limits": hikari.limits.model_copy(update=limits)})


def fingerprints(*captions: str) -> list[Fingerprint]:
    return [Fingerprint(f"{n}", "psoriasis", text, "0" * 64) for n, text in enumerate(captions)]


def test_captions_are_cut_between_words() -> None:
    room = CaptionRoom.measure(of_demo(), WEIGHTS, fingerprints("short"))
    assert room is not None
    assert room.cases is None
    size = PromptSize(WEIGHTS)
    for caption in CAPTIONS:
        cut = room.cut(caption)
        assert size.beginning(cut, room.tokens) == cut
        if cut != caption:
            assert cut.endswith(CUT)
    assert room.cut(CAPTIONS[0]).removesuffix(CUT) + " " in CAPTIONS[0]
    assert room.cut("short") == "short"
    fits = CAPTIONS[0][: room.tokens]
    assert room.cut(fits) == fits


def test_what_is_cut_is_told_with_the_first_case() -> None:
    held = fingerprints("short", CAPTIONS[0], CAPTIONS[2])
    room = CaptionRoom.measure(of_demo(), WEIGHTS, held)
    assert room is not None
    (told,) = room.told("demo_disease", held)
    assert told.endswith("the rest is cut of case '1' and 1 more")
    assert list(room.told("demo_disease", held[:1])) == []


def test_cases_that_do_not_fit_are_not_shown() -> None:
    held = fingerprints("short")
    wide = CaptionRoom.measure(of_demo(), WEIGHTS, held)
    narrow = CaptionRoom.measure(of_demo(max_context_tokens=200), WEIGHTS, held)
    none = CaptionRoom.measure(of_demo(max_context_tokens=20), WEIGHTS, held)
    assert wide is not None
    assert narrow is not None
    assert none is not None
    assert (wide.cases, none.cases) == (None, 0)
    assert narrow.cases in (1, 2)
    assert narrow.tokens < wide.tokens
    (told,) = none.told("demo_disease", held)
    assert "have room for 0 cases" in told


def test_prompts_without_captions_have_no_need_of_room() -> None:
    layout = PromptLayout.model_validate({"id": "p", "parts": [{"image": "query"}]})
    silent = of_demo().model_copy(update={"prompt": layout})
    assert CaptionRoom.measure(silent, WEIGHTS, fingerprints("short")) is None


def test_captions_leave_unbounded_pictures_half_of_the_prompt() -> None:
    held = fingerprints("short", CAPTIONS[0])
    unbounded = of_demo().model_copy(update={"preprocessing": Preprocessing()})
    room = CaptionRoom.measure(unbounded, WEIGHTS, held)
    assert room is not None
    assert room.cases is None
    assert 3 * room.tokens < of_demo().limits.max_context_tokens / 2
    unsure, cut = room.told("m", held)
    assert "nothing bounds the pictures of model 'm'" in unsure
    assert "the rest is cut of case '1'" in cut


LONG_NAME = "a name of many words " * 300


def nasty_cases(*labels: str) -> list[Case]:
    """For each label a case with each of the captions."""
    drawn = list(draw_cases(4, seed=3))
    cases = []
    for number, (label, caption) in enumerate(product(labels, CAPTIONS)):
        file = BytesIO()
        picture = drawn[number % len(drawn)].image.resize((300, 200 + number))
        picture.save(file, "PNG")
        cases.append(Case(f"c{number}", file.getvalue(), label, caption))
    return cases


class Counting(Observer):
    """Counts the cases that are shown."""

    shown = 0

    def cases_shown(self, model: str, version: int, pictures: int) -> None:
        self.shown += pictures


@dataclass(frozen=True)
class Readers:
    """The demo's disease model over an index of one's own, and how it is asked."""

    model: Model
    counting: Counting
    cases: list[Case]
    digest: str
    preprocessing: Preprocessing

    @classmethod
    def load(cls, root: Path, cases: list[Case], limit: int, *, bounded: bool) -> "Readers":
        """Args:
        root: A repository to be.
        cases: Of the index.
        limit: Tokens of a prompt.
        bounded: Whether its pictures are scaled down.
        """
        for name in ("demo_disease", "demo_references"):
            shutil.copytree(REPOSITORY.root / name, root / name)
        config = root / "demo_disease" / "config.yaml"
        parts = yaml.safe_load(config.read_text())
        parts["hikari"]["limits"]["max_context_tokens"] = limit
        if not bounded:
            del parts["hikari"]["preprocessing"]
        config.write_text(yaml.safe_dump(parts))
        encoder = EncoderInfo(name="demo_references", weights="0" * 64, preprocessing="full")
        folder = root / "demo_references" / "1" / "index"
        shutil.rmtree(folder)
        digest = build(cases, embed, encoder, folder).digest
        counting = Counting()
        model = load_model(Repository(root), "demo_disease", 1, cores=1, observer=counting)
        assert isinstance(model.config.hikari, ClassifierConfig)
        return cls(model, counting, cases, digest, model.config.hikari.preprocessing)

    def item(self, *ids: str) -> Item:
        """A request that retrieved these cases."""
        picture = open_image(self.cases[0].image, PictureLimits())
        return Item(
            id="r",
            model="demo_disease",
            view=make_view(picture, self.preprocessing),
            inputs={"references": ids, "group": "inflammatory"},
            index=self.digest,
            deadline=time.time() + 60,
        )


@pytest.mark.parametrize("bounded", [True, False], ids=["bounded", "unbounded"])
@pytest.mark.parametrize("limit", [1024, 200])
def test_a_request_with_long_captions_is_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, limit: int, bounded: bool
) -> None:
    async def ask() -> Classification:
        readers = Readers.load(
            tmp_path / "models", nasty_cases("psoriasis"), limit, bounded=bounded
        )
        try:
            result = await readers.model.infer(readers.item("c0", "c1", "c2"))
        finally:
            await readers.model.close()
        assert isinstance(result.output, Classification)
        return result.output

    with caplog.at_level(logging.WARNING, "hikari_serve"):
        found = asyncio.run(ask())
    assert found.scores
    assert found.cases_shown is not None
    assert (found.cases_shown < 3) is ("of 3 cases: it was not shown the others" in caplog.text)
    assert "the rest is cut of case 'c0' and 3 more" in caplog.text
    assert ("nothing bounds the pictures" in caplog.text) is not bounded


@pytest.fixture(scope="module", params=[(1024, True), (1024, False), (200, False), (100, True)])
def readers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Readers]:
    limit, bounded = request.param
    cases = nasty_cases("psoriasis", LONG_NAME)
    loaded = Readers.load(tmp_path_factory.mktemp("readers"), cases, limit, bounded=bounded)
    yield loaded
    asyncio.run(loaded.model.close())


@settings(max_examples=25, deadline=None, derandomize=True, database=None)
@given(st.lists(st.sampled_from(range(2 * len(CAPTIONS))), max_size=8))
def test_no_cases_make_a_prompt_too_long(readers: Readers, retrieved: list[int]) -> None:
    """Also more cases than the model takes pictures, and names as long as captions."""
    told: list[str] = []
    readers.counting.shown = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier.logger, "warning", lambda text, *its: told.append(text % its))
        asked = readers.model.prepare(readers.item(*(f"c{number}" for number in retrieved)))
    shown, all_of_them = readers.counting.shown, len(retrieved)
    assert asked.cases_shown == (shown if retrieved else None)
    assert bool(told) is (shown < all_of_them)
    assert all(f"room for {shown} of {all_of_them} cases" in each for each in told)


def test_cases_without_pictures_need_no_room_for_any() -> None:
    parts = [{"each": "references", "parts": [{"text": "{label}: {caption}"}]}, {"image": "query"}]
    layout = PromptLayout.model_validate({"id": "p", "parts": parts})
    limits = {"max_images": 1}
    for preprocessing in (Preprocessing(), Preprocessing(max_side=128)):
        words = {"prompt": layout, "preprocessing": preprocessing}
        room = CaptionRoom.measure(
            of_demo(**limits).model_copy(update=words), WEIGHTS, fingerprints("short")
        )
        assert room is not None
        assert room.cases is None
        assert room.tokens > 100


def test_a_case_whose_picture_is_refused_by_now_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of an index that was built before its reader learned that it read it wrongly."""
    cases = nasty_cases("psoriasis")
    readers = Readers.load(tmp_path / "models", cases, 1024, bounded=True)

    def read(data: bytes, limits: PictureLimits) -> Image.Image:
        if data == cases[4].image:
            raise UnsupportedImage("a TIFF file of samples of 12 bits is not supported")
        return open_image(data, limits)

    monkeypatch.setattr("hikari_serve.tasks.case_pictures.open_image", read)
    with caplog.at_level(logging.WARNING, "hikari_serve"):
        both, one = (readers.model.prepare(readers.item(*ids)) for ids in (("c4", "c5"), ("c5",)))
        readers.model.prepare(readers.item("c4"))
    asyncio.run(readers.model.close())
    assert both.request.work == one.request.work
    assert (both.cases_shown, one.cases_shown) == (1, 1)
    assert caplog.text.count("case 'c4' is shown to no model: a TIFF file of samples") == 1
