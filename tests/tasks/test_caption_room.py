"""A caption that is too long for a prompt is cut, and never costs the answer."""

import asyncio
import logging
import shutil
import time
from io import BytesIO
from pathlib import Path

import pytest
import yaml

from hikari_serve.drawing.cases import draw_cases
from hikari_serve.engines.prompt_size import PromptSize
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import make_view
from hikari_serve.prompts.layout import PromptLayout
from hikari_serve.references.builder import build
from hikari_serve.references.manifest import EncoderInfo, Fingerprint
from hikari_serve.references.store import Case
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.stage import Classification, Item
from hikari_serve.tasks.caption_room import CUT, CaptionRoom
from hikari_serve.tasks.loading import load_model
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


def settings(**limits: int) -> ClassifierConfig:
    hikari = REPOSITORY.config("demo_disease").hikari
    assert isinstance(hikari, ClassifierConfig)
    return hikari.model_copy(update={"limits": hikari.limits.model_copy(update=limits)})


def fingerprints(*captions: str) -> list[Fingerprint]:
    return [Fingerprint(f"{n}", "psoriasis", text, "0" * 64) for n, text in enumerate(captions)]


def test_captions_are_cut_between_words() -> None:
    room = CaptionRoom.measure(settings(), WEIGHTS, fingerprints("short"))
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
    room = CaptionRoom.measure(settings(), WEIGHTS, held)
    assert room is not None
    (told,) = room.told("demo_disease", held)
    assert told.endswith("the rest is cut of case '1' and 1 more")
    assert list(room.told("demo_disease", held[:1])) == []


def test_cases_that_do_not_fit_are_not_shown() -> None:
    held = fingerprints("short")
    wide = CaptionRoom.measure(settings(), WEIGHTS, held)
    narrow = CaptionRoom.measure(settings(max_context_tokens=200), WEIGHTS, held)
    none = CaptionRoom.measure(settings(max_context_tokens=20), WEIGHTS, held)
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
    silent = settings().model_copy(update={"prompt": layout})
    assert CaptionRoom.measure(silent, WEIGHTS, fingerprints("short")) is None


@pytest.mark.parametrize("limit", [1024, 200])
def test_a_request_with_long_captions_is_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, limit: int
) -> None:
    root = tmp_path / "models"
    for name in ("demo_disease", "demo_references"):
        shutil.copytree(REPOSITORY.root / name, root / name)
    config = root / "demo_disease" / "config.yaml"
    parts = yaml.safe_load(config.read_text())
    parts["hikari"]["limits"]["max_context_tokens"] = limit
    config.write_text(yaml.safe_dump(parts))
    drawn = list(draw_cases(4, seed=3))
    cases = []
    for number, (drawing, caption) in enumerate(zip(drawn, CAPTIONS, strict=False)):
        file = BytesIO()
        drawing.image.resize((128, 128)).save(file, "PNG")
        cases.append(Case(f"c{number}", file.getvalue(), "psoriasis", caption))
    encoder = EncoderInfo(name="demo_references", weights="0" * 64, preprocessing="full")
    folder = root / "demo_references" / "1" / "index"
    shutil.rmtree(folder)
    digest = build(cases, embed, encoder, folder).digest

    async def ask() -> Classification:
        model = load_model(Repository(root), "demo_disease", 1, cores=1)
        picture = open_image(cases[0].image, PictureLimits())
        item = Item(
            id="r",
            model="demo_disease",
            view=make_view(picture, settings().preprocessing),
            inputs={"references": ("c0", "c1", "c2"), "group": "inflammatory"},
            index=digest,
            deadline=time.time() + 60,
        )
        try:
            result = await model.infer(item)
        finally:
            await model.close()
        assert isinstance(result.output, Classification)
        return result.output

    with caplog.at_level(logging.WARNING, "hikari_serve"):
        found = asyncio.run(ask())
    assert found.scores
    assert "the rest is cut of case 'c0' and 3 more" in caplog.text
