"""vLLM and transformers on 200 drawings, each through its whole stage: the same answers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from hikari_serve.drawing.cases import draw_cases
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.repository.repository import Repository
from hikari_serve.stage import Classification, Description, Item, Retrieval, StageResult
from hikari_serve.tasks.host import Host
from tests.vllm.conftest import MODELS
from tests.vllm.prompts import SEED

DRAWINGS = 200
AT_ONCE = 64
LATER = 4e9
"""A deadline, in seconds since the epoch, that nothing here meets."""

Ask = Callable[[Path, str, Sequence[Mapping[str, object]]], list[StageResult]]


@pytest.fixture(scope="module")
def views() -> list[bytes]:
    pictures = [case.image for case in draw_cases(DRAWINGS, SEED)]
    return [make_view(picture, Preprocessing(max_side=128)) for picture in pictures]


@pytest.fixture(scope="module")
def ask(views: list[bytes]) -> Ask:
    """Answers every drawing with one model of a repository, 64 requests at a time."""

    async def answers(
        root: Path, name: str, inputs: Sequence[Mapping[str, object]]
    ) -> list[StageResult]:
        host = Host(Repository(root), cores=1, locks=Path("unused"))
        await host.load(name)
        await host.ready()
        items = [
            Item(id=str(number), model=name, view=view, deadline=LATER, **more)
            for number, (view, more) in enumerate(zip(views, inputs, strict=True))
        ]
        found: list[StageResult] = []
        for start in range(0, len(items), AT_ONCE):
            batch = items[start : start + AT_ONCE]
            found += await asyncio.gather(*(host.infer(item) for item in batch))
        await host.close()
        return found

    return lambda root, name, inputs: asyncio.run(answers(root, name, inputs))


@pytest.fixture(scope="module")
def disease_inputs(ask: Ask) -> list[dict[str, object]]:
    """What the stages before give the disease stage: every other drawing has references."""
    found = ask(MODELS, "demo_references", [{}] * DRAWINGS)
    inputs: list[dict[str, object]] = []
    for number, result in enumerate(found):
        assert isinstance(result.output, Retrieval)
        ids = tuple(case.id for case in result.output.cases)
        given: dict[str, object] = {"inputs": {"references": ids}, "index": result.output.index}
        inputs.append(given if number % 2 else {"inputs": {"group": "inflammatory"}})
    return inputs


def agree(ours: Sequence[StageResult], theirs: Sequence[StageResult]) -> None:
    """The same labels and decisions, and every probability within 1e-3."""
    for left, right in zip(ours, theirs, strict=True):
        assert isinstance(left.output, Classification)
        assert isinstance(right.output, Classification)
        assert left.output.label == right.output.label
        assert left.output.decision == right.output.decision
        scores = [
            left.output.scores[name] - right.output.scores[name] for name in left.output.scores
        ]
        assert np.abs(scores).max() < 1e-3
        assert left.output.label_mass is not None
        assert left.output.label_mass == pytest.approx(right.output.label_mass, abs=1e-3)
    labels = {result.output.label for result in ours if isinstance(result.output, Classification)}
    assert len(labels) > 1


def test_groups(ask: Ask, vllm_models: Path) -> None:
    inputs: list[dict[str, object]] = [{}] * DRAWINGS
    agree(ask(MODELS, "demo_group", inputs), ask(vllm_models, "demo_group", inputs))


def test_diseases(ask: Ask, vllm_models: Path, disease_inputs: list[dict[str, object]]) -> None:
    ours = ask(MODELS, "demo_disease", disease_inputs)
    theirs = ask(vllm_models, "demo_disease", disease_inputs)
    agree(ours, theirs)
    assert ours[0].provenance.engine.startswith("transformers ")
    assert theirs[0].provenance.engine == "vllm 0.32.0"
    assert ours[0].provenance.weights == theirs[0].provenance.weights


def test_captions(ask: Ask, vllm_models: Path) -> None:
    inputs = [{"inputs": {"disease": "psoriasis"}} if n % 2 else {} for n in range(DRAWINGS)]
    pairs = zip(
        ask(MODELS, "demo_caption", inputs),
        ask(vllm_models, "demo_caption", inputs),
        strict=True,
    )
    texts = [
        (left.output.text, right.output.text)
        for left, right in pairs
        if isinstance(left.output, Description) and isinstance(right.output, Description)
    ]
    assert len(texts) == DRAWINGS
    assert sum(left == right for left, right in texts) >= 0.99 * DRAWINGS
    assert len({left for left, _ in texts}) > DRAWINGS / 4
