"""The random checkpoint makes an engine read labels on as a trained one does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.gpu.child import Task, open_engine
from benchmarks.gpu.floor import Peak
from benchmarks.gpu.labels import likely_tokens, read_on
from benchmarks.gpu.questions import Questions
from benchmarks.gpu.report import page_of
from benchmarks.gpu.sides import Answered
from benchmarks.gpu.subject import Subject, tiny
from hikari_serve.engines.chat import Chat
from hikari_serve.engines.contract import LanguageEngine, Score, Scored
from hikari_serve.labels.trie import AnswerTrie

MODELS = Path(__file__).parents[2] / "models"


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return tiny(tmp_path_factory.mktemp("gpu") / "checkpoint", MODELS)


@pytest.fixture(scope="module")
def engine(subject: Subject) -> Iterator[LanguageEngine]:
    peak = Peak(1e12, 1e12, 1e11, "none")
    engine = open_engine(
        Task(subject, str(MODELS), "transformers", "none", (("group", 1),), 1, 4e9, "", peak)
    )
    yield engine
    asyncio.run(engine.close())


@pytest.mark.parametrize("row", ["group", "disease, 3 references"])
def test_one_label_is_read_to_its_end(row: str, subject: Subject, engine: LanguageEngine) -> None:
    [[[question]]] = Questions(subject, MODELS, Chat(Path(subject.folder))).items(row, 1)
    assert isinstance(question.want, Score)
    call = Answered(engine.prepare(question.prompt, question.want))
    asyncio.run(engine.run([call]))
    assert isinstance(call.output, Scored)
    ends = [answer in call.output.logprobs for answer in question.want.answers.answers]
    assert ends[0]
    assert not all(ends)


def test_passes_are_counted_to_the_last_parting() -> None:
    trie = AnswerTrie.build([(1, 2, 3, 9), (1, 2, 4, 9), (1, 5, 9), (6, 9)])
    likely = likely_tokens([trie], {9})
    assert likely == {1, 2, 3}
    assert read_on(trie, likely) == 3  # behind 1, behind 1 2, and to the end
    assert read_on(trie, frozenset({6})) == 1
    assert read_on(trie, frozenset({7})) == 0  # no label is likely


def row(**more: object) -> dict[str, object]:
    known = {"kind": "row", "engine": "vllm", "quantization": "none", "row": "group", "batch": 1}
    return {**known, "ms": 2.0, "tokens": 9, "floor_ms": 1.0, "start_s": 1.0, **more}


def test_the_page_says_which_rows_read_no_label_on() -> None:
    before, after = page_of([row()]), page_of([row(), row(read_on=1)])
    assert "| group | 1 | 9 | none |" in before
    assert "are too short" in before
    assert "| group | 1 | 9 | 1 |" in after
    assert "too short" not in after
