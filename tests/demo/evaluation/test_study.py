"""Some hard drawings through the study, with the weights that lie in the repository."""

import asyncio

from demo.evaluation.questions import Questions
from demo.evaluation.study import Study, run_study, trials
from demo.evaluation.trials import drawn
from hikari_serve.drawing.cases import draw_cases
from hikari_serve.settings import Settings


def studied(questions: Questions) -> tuple[Study, int]:
    answers = 0

    def step() -> None:
        nonlocal answers
        answers += 1

    return asyncio.run(run_study(Settings.from_environment(), questions, step)), answers


def test_hard_drawings_go_through_the_whole_cascade_and_comparisons_do_not() -> None:
    hard = drawn(draw_cases(2, 77, "hard"))
    questions = Questions(clear=[], mixed=[], hard=hard, others={}, skin={})
    study, answers = studied(questions)
    assert answers == trials(questions)
    assert [trial.answer.caption is not None for trial in study.hard] == [True, True]
    for compared in (study.retrieved, study.alone, study.misled):
        assert [trial.answer.caption for trial in compared] == [None, None]
        assert all(trial.answer.disease for trial in compared)
