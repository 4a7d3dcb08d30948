import pytest

from hikari_serve.engines.contract import Generate, Generated, Score
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.errors import EngineFailed
from tests.engines.conftest import Load
from tests.engines.recorder import Recorder, answer, run
from tests.engines.steps import Steps
from tests.engines.taught import ANSWERS, THOUGHTS, question


@pytest.mark.parametrize("thinking", ["closed", "natural"])
@pytest.mark.parametrize("colour", ANSWERS)
def test_the_text_is_the_answer_alone(
    thinking: str, colour: str, request: pytest.FixtureRequest
) -> None:
    engine: TransformersEngine = request.getfixturevalue(thinking)
    prompt = question("green", colour)
    (call,) = run(engine, (prompt, Generate(40)))
    output: Generated = call.output
    assert (output.text, output.finish_reason) == (ANSWERS[colour], "stop")
    assert output.prompt_tokens == engine.prepare(prompt, Generate(40)).work
    written = [ANSWERS[colour]] if thinking == "closed" else [ANSWERS[colour], THOUGHTS[colour]]
    assert output.new_tokens == sum(len(engine._chat.answer(text)) for text in written)


def test_words_are_heard_as_they_come(natural: TransformersEngine) -> None:
    (call,) = run(natural, (question("blue"), Generate(40)))
    assert len(call.pieces) > 5
    assert "".join(call.pieces) == call.output.text == ANSWERS["blue"]
    assert all("\ufffd" not in piece for piece in call.pieces)


def test_a_cut_character_is_not_shown(closed: TransformersEngine) -> None:
    tokens = closed._chat.answer(ANSWERS["green"])
    texts = []
    for count in range(1, len(tokens)):
        (call,) = run(closed, (question("green"), Generate(count)))
        assert call.output.finish_reason == "length"
        assert call.output.new_tokens == count
        texts.append(call.output.text)
    assert all(ANSWERS["green"].startswith(text) for text in texts)
    assert len(set(texts)) < len(texts)  # some token ended inside a character


def test_every_row_ends_on_its_own(closed: TransformersEngine) -> None:
    long = Recorder(closed.prepare(question("blue"), Generate(40)))
    heard: list[int] = []
    short = Recorder(closed.prepare(question("red"), Generate(40)))
    long._on_emit = lambda call: heard.append(len(short.outputs))
    cut = Recorder(closed.prepare(question("blue"), Generate(2)))
    with Steps(closed) as steps:
        answer(closed, [long, short, cut])
    assert [call.output.finish_reason for call in (long, short, cut)] == ["stop", "stop", "length"]
    assert heard[0] == 0
    assert heard[-1] == 1  # the short answer was there before the long one ended
    assert steps.rows[0] == 3
    assert steps.rows[-1] == 1  # the rows that ended were dropped


def test_a_cancelled_row_stops_and_the_others_go_on(closed: TransformersEngine) -> None:
    def cancel(call: Recorder) -> None:
        call.cancelled = len(call.pieces) == 2

    gone = Recorder(closed.prepare(question("blue"), Generate(40)), cancel)
    (stays,) = run(closed, (question("blue"), Generate(40)))
    again = Recorder(stays.request)
    answer(closed, [gone, again])
    assert not gone.ended
    assert len(gone.pieces) == 2
    assert again.output == stays.output


def test_nobody_left_means_no_more_steps(closed: TransformersEngine) -> None:
    def cancel(call: Recorder) -> None:
        call.cancelled = True

    request = closed.prepare(question("blue"), Generate(40))
    with Steps(closed) as steps:
        answer(closed, [Recorder(request, cancel), Recorder(request, cancel)])
    assert len(steps.rows) <= 2


def test_endless_thoughts_are_no_answer(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    engine = load(thinking="natural", max_thinking=4)
    red, blue = run(engine, *[(question(colour), Generate(40)) for colour in ("red", "blue")])
    assert red.output.text == ANSWERS["red"]
    assert isinstance(blue.error, EngineFailed)
    assert "did not finish thinking in 4 tokens" in str(blue.error)
    assert not blue.pieces
    want = Score(engine.answer_trie(list(ANSWERS.values())))
    red, blue = run(engine, *[(question(colour), want) for colour in ("red", "blue")])
    assert red.output
    assert isinstance(blue.error, EngineFailed)
    assert "did not finish thinking in 4 tokens" in str(blue.error)
    (blue,) = run(engine, (question("blue"), want))
    assert "did not finish thinking in 4 tokens" in str(blue.error)
    assert not caplog.records  # a batch of which nothing is left has not failed
