"""Drawings as prompts of the demo family, and the answers that engines give to them."""

import asyncio
from collections.abc import Sequence

import numpy as np

from hikari_serve.drawing.cases import draw_cases
from hikari_serve.engines.contract import Generate, LanguageEngine, Prompt, Score
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.trie import AnswerTrie
from hikari_serve.pictures.view import Preprocessing, make_view, read_view
from hikari_serve.prompts.layout import Reference
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig, DescriberConfig
from tests.engines.recorder import Recorder
from tests.vllm.conftest import MODELS

SEED = 31_000
"""Apart from the seeds that the family was trained and judged on."""


def prompts(count: int, *, references: int = 0, seed: int = SEED) -> list[Prompt]:
    """Questions for the demo disease model, each with some reference pictures before its own."""
    hikari = Repository(MODELS).config("demo_disease").hikari
    assert isinstance(hikari, ClassifierConfig)
    cases = list(draw_cases(count + references, seed))
    views = [read_view(make_view(case.image, Preprocessing(max_side=128))) for case in cases]
    asked = []
    for number in range(count):
        quoted = [
            Reference(label=case.disease, caption=case.caption)
            for case in cases[number + 1 : number + 1 + references]
        ]
        images = [
            views[number if slot is None else number + 1 + slot]
            for slot in hikari.prompt.image_order({}, references)
        ]
        asked.append(Prompt(hikari.prompt.messages({}, quoted), images))
    return asked


def caption_prompts(count: int) -> list[Prompt]:
    """Questions for the demo caption model."""
    hikari = Repository(MODELS).config("demo_caption").hikari
    assert isinstance(hikari, DescriberConfig)
    views = [make_view(case.image, Preprocessing(max_side=128)) for case in draw_cases(count, SEED)]
    return [Prompt(hikari.prompt.messages({}), [read_view(view)]) for view in views]


def diseases(engine: LanguageEngine) -> AnswerTrie:
    """The demo disease model's answers in an engine's tokens."""
    repository = Repository(MODELS)
    hikari = repository.config("demo_disease").hikari
    assert isinstance(hikari, ClassifierConfig)
    labels = LabelSet.find(hikari.labels, repository.folder("demo_disease"))
    return engine.answer_trie([hikari.answer.format(label=row.answer) for row in labels.labels])


def asked(
    loop: asyncio.Runner, engine: LanguageEngine, asked: Sequence[Prompt], want: Score | Generate
) -> list[Recorder]:
    """Asks all at once, as the queue would; engines with static batches one after another."""
    calls = [Recorder(engine.prepare(prompt, want)) for prompt in asked]

    async def answered() -> None:
        if engine.concurrency == 1:
            for call in calls:
                await engine.run([call])
        else:
            await asyncio.gather(*(engine.run([call]) for call in calls))

    loop.run(answered())
    return calls


def scored(
    loop: asyncio.Runner, engine: LanguageEngine, prompts: Sequence[Prompt]
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the diseases, (prompts, labels), and each prompt's label mass."""
    trie = diseases(engine)
    outputs = [call.output for call in asked(loop, engine, prompts, Score(trie))]
    rows = [trie.distribution(output.logprobs) for output in outputs]
    return np.array([row for row, _ in rows]), np.array([mass for _, mass in rows])
