"""Loading a model takes memory last, and gives it back when it fails."""

import asyncio
import gc
import shutil
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

from hikari_serve.engines.contract import LanguageEngine, Opening
from hikari_serve.engines.registry import open_engine
from hikari_serve.engines.torch_engine import TorchEngine
from hikari_serve.errors import ConfigError, InvalidInput
from hikari_serve.references.store import CaseStore
from hikari_serve.repository.repository import Repository
from hikari_serve.stage import Item
from hikari_serve.tasks import loading
from hikari_serve.tasks.classifier import Classifier
from hikari_serve.tasks.loading import load_model
from tests.scripted import REPOSITORY
from tests.tasks.hosted import VIEW

MODELS = ("demo_group", "demo_disease", "demo_references")

Spoil = Callable[[Path], object]


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Some of the demo's models, to break."""
    for name in MODELS:
        shutil.copytree(REPOSITORY.folder(name), tmp_path / name)
    return tmp_path


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[LanguageEngine]:
    """The engines that were opened."""
    engines: list[LanguageEngine] = []

    def opening(backend: str, asked: Opening) -> LanguageEngine:
        engines.append(open_engine(backend, asked))
        return engines[-1]

    monkeypatch.setattr(loading, "open_engine", opening)
    return engines


@pytest.mark.parametrize(
    ("model", "spoil"),
    [
        ("demo_group", lambda root: (root / "demo_group" / "labels.yaml").write_text("")),
        ("demo_group", lambda root: (root / "demo_group/1/calibration.json").write_text("{}")),
        ("demo_disease", lambda root: shutil.rmtree(root / "demo_references/1/index")),
    ],
    ids=["labels", "calibration", "index"],
)
def test_no_engine_is_opened_for_what_cannot_be_loaded_anyway(
    models: Path, opened: list[LanguageEngine], model: str, spoil: Spoil
) -> None:
    spoil(models)
    with pytest.raises(ConfigError):
        load_model(Repository(models), model, 1, cores=1)
    assert not opened


def test_an_engine_that_cannot_score_the_answers_is_closed(
    models: Path, opened: list[LanguageEngine]
) -> None:
    config = models / "demo_group" / "config.yaml"
    text = config.read_text()  # the tokenizer spells a letter and its accent as one
    config.write_text(text.replace('answer: "{label}"', 'answer: "e\\u0301 {label}"'))
    with pytest.raises(ConfigError, match="the tokenizer spells the answer"):
        load_model(Repository(models), "demo_group", 1, cores=1)
    (engine,) = opened
    assert isinstance(engine, TorchEngine)
    assert {each.device.type for each in engine._weights.parameters()} == {"meta"}


def test_an_encoder_is_loaded_when_its_index_is_there(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(loading, "load_encoder", lambda config, *_: loaded.append(config.name))
    shutil.rmtree(models / "demo_references" / "1" / "index")
    with pytest.raises(ConfigError, match="there is no reference index"):
        load_model(Repository(models), "demo_references", 1, cores=1)
    assert not loaded


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> list[CaseStore]:
    """The files of cases that are open."""
    opened: list[CaseStore] = []
    opening, closing = CaseStore.open, CaseStore.close

    def open_one(path: Path) -> CaseStore:
        opened.append(opening(path))
        return opened[-1]

    def close_one(store: CaseStore) -> None:
        closing(store)
        opened.remove(store)

    monkeypatch.setattr(CaseStore, "open", open_one)
    monkeypatch.setattr(CaseStore, "close", close_one)
    return opened


@pytest.mark.parametrize("name", ["demo_disease", "demo_references"])
def test_a_model_that_is_closed_closes_its_index(stores: list[CaseStore], name: str) -> None:
    async def main() -> None:
        model = load_model(REPOSITORY, name, 1, cores=1)
        assert stores
        await model.close()
        assert not stores

    asyncio.run(main())


def test_a_case_that_there_is_not_is_a_wrong_request() -> None:
    async def main() -> None:
        model = load_model(REPOSITORY, "demo_disease", 1, cores=1)
        item = Item(
            id="i",
            model="demo_disease",
            view=VIEW,
            deadline=time.time() + 60,
            inputs={"references": ("c999999",)},
            index=model.reads,
        )
        with pytest.raises(InvalidInput, match="there is no reference case 'c999999'"):
            await model.infer(item)
        await model.close()

    asyncio.run(main())


def test_the_pictures_of_cases_go_with_their_model() -> None:
    async def main() -> None:
        model = load_model(REPOSITORY, "demo_disease", 1, cores=1)
        assert isinstance(model, Classifier)
        assert model._index is not None
        case = model._index.cases_held[0].id
        inputs = {"references": (case,)}
        await model.infer(
            Item(
                id="i",
                model="demo_disease",
                view=VIEW,
                deadline=time.time() + 60,
                inputs=inputs,
                index=model.reads,
            )
        )
        seen = model._case_picture(case)
        assert seen is not None
        picture, old = weakref.ref(seen), weakref.ref(model)
        del seen
        await model.close()
        del model
        assert picture() is None
        assert old() is None

    gc.disable()
    try:
        asyncio.run(main())
    finally:
        gc.enable()
