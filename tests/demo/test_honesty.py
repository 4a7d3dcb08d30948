"""The weights in the repository, asked what they cannot know, and asked twice in two ways."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from demo.evaluation.near import NEAR
from demo.training.dataset import view_of
from hikari_serve.drawing.cases import Drawing, draw_cases
from hikari_serve.engines.contract import Generate, Prompt, Score
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.matching import match_label
from hikari_serve.labels.trie import AnswerTrie, Read
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig
from tests.engines.recorder import run

REPOSITORY = Repository(Path(__file__).parents[2] / "models")
COUNT, BATCH = 100, 20


@pytest.fixture(scope="module")
def settings() -> ClassifierConfig:
    hikari = REPOSITORY.config("demo_disease").hikari
    assert isinstance(hikari, ClassifierConfig)
    return hikari


@pytest.fixture(scope="module")
def labels(settings: ClassifierConfig) -> LabelSet:
    return LabelSet.find(settings.labels, REPOSITORY.folder("demo_disease"))


@pytest.fixture(scope="module")
def engine() -> Iterator[TransformersEngine]:
    opened = TransformersEngine.load(
        REPOSITORY.version_folder("demo_disease", 1),
        device="cpu",
        dtype="float32",
        max_batch=BATCH,
        max_context=512,
        max_images=1,
        max_work=16_384,
        threads=None,
        thinking="closed",
    )
    yield opened
    asyncio.run(opened.close())


@pytest.fixture(scope="module")
def drawings() -> list[Drawing]:
    return list(draw_cases(COUNT, seed=5000))


@pytest.fixture(scope="module")
def prompts(settings: ClassifierConfig, drawings: list[Drawing]) -> list[Prompt]:
    def prompt(image: Image.Image) -> Prompt:
        return Prompt(settings.prompt.messages({}), [view_of(image)])

    return [prompt(drawing.image) for drawing in drawings]


def trie(engine: TransformersEngine, settings: ClassifierConfig, answers: list[str]) -> AnswerTrie:
    return engine.answer_trie([settings.answer.format(label=answer) for answer in answers])


def test_a_set_without_the_true_disease_is_unknown(
    engine: TransformersEngine,
    settings: ClassifierConfig,
    labels: LabelSet,
    drawings: list[Drawing],
    prompts: list[Prompt],
) -> None:
    unknown = 0
    for label in labels.labels:
        others = [other.answer for other in labels.labels if other is not label]
        lacking = trie(engine, settings, others)
        asked = [
            prompt
            for prompt, drawing in zip(prompts, drawings, strict=True)
            if drawing.disease == label.id
        ]
        for call in run(engine, *[(prompt, Score(lacking)) for prompt in asked]):
            scored = call.output
            _, mass = lacking.distribution(scored.logprobs)
            unknown += mass < settings.min_label_mass
    assert unknown >= 0.95 * COUNT


def test_a_set_with_a_near_name_instead_of_the_true_one_is_unknown(
    engine: TransformersEngine,
    settings: ClassifierConfig,
    labels: LabelSet,
    drawings: list[Drawing],
    prompts: list[Prompt],
) -> None:
    unknown = misled = 0
    for label in labels.labels:
        names = [NEAR[label.id] if each is label else each.answer for each in labels.labels]
        near = trie(engine, settings, names)
        asked = [
            prompt
            for prompt, drawing in zip(prompts, drawings, strict=True)
            if drawing.disease == label.id
        ]
        for call in run(engine, *[(prompt, Score(near)) for prompt in asked]):
            _, mass = near.distribution(call.output.logprobs)
            unknown += mass < settings.min_label_mass
            misled += parting_mass(near, call.output.logprobs) >= settings.min_label_mass
    assert unknown >= 0.95 * COUNT
    assert misled >= 0.95 * COUNT  # the tokens that part the labels do not show it


def test_reading_whole_names_makes_few_drawings_unknown(
    engine: TransformersEngine,
    settings: ClassifierConfig,
    labels: LabelSet,
    prompts: list[Prompt],
) -> None:
    whole = trie(engine, settings, [label.answer for label in labels.labels])
    lost = 0
    for start in range(0, COUNT, BATCH):
        batch = prompts[start : start + BATCH]
        for call in run(engine, *[(prompt, Score(whole)) for prompt in batch]):
            _, mass = whole.distribution(call.output.logprobs)
            parting = parting_mass(whole, call.output.logprobs)
            lost += mass < settings.min_label_mass <= parting
    assert lost <= 0.02 * COUNT


def parting_mass(answers: AnswerTrie, read: Read) -> float:
    """What the common beginning and the tokens that part the answers leave the label set."""
    return sum(
        math.exp(
            sum(
                read.get(answer[: depth + 1], 0.0)
                for depth in range(len(answer))
                if depth < len(answers.prefix) or len(answers.nexts[answer[:depth]]) > 1
            )
        )
        for answer in answers.answers
    )


def test_scoring_and_writing_agree(
    engine: TransformersEngine,
    settings: ClassifierConfig,
    labels: LabelSet,
    prompts: list[Prompt],
) -> None:
    whole = trie(engine, settings, [label.answer for label in labels.labels])
    agreed = 0
    for start in range(0, COUNT, BATCH):
        batch = prompts[start : start + BATCH]
        scored = run(engine, *[(prompt, Score(whole)) for prompt in batch])
        written = run(engine, *[(prompt, Generate(32)) for prompt in batch])
        for score, words in zip(scored, written, strict=True):
            scores, mass = whole.distribution(score.output.logprobs)
            named = labels.labels[max(range(len(scores)), key=scores.__getitem__)].id
            sure = named if mass >= settings.min_label_mass else None
            agreed += sure == match_label(words.output.text, labels).label
    assert agreed >= 0.99 * COUNT
