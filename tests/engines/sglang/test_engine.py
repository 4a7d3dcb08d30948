"""The SGLang engine on a stand-in for `sglang.Engine`.

SGLang has no way to compute without a GPU, so this is the one engine whose tests run no code of
its own: `fake.py` is held to the interface recorded from its source, and answers from real weights.
"""

import asyncio
import multiprocessing
import signal
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from hikari_serve.engines.contract import Generate, Generated, Prompt, Score, Scored
from hikari_serve.engines.sglang.engine import SglangEngine
from hikari_serve.engines.transformers.engine import TransformersEngine
from hikari_serve.errors import ConfigError, EngineFailed, HikariError, InvalidInput, QueueFull
from tests.engines.conftest import Load
from tests.engines.recorder import Recorder, run
from tests.engines.sglang.conftest import Open
from tests.engines.taught import ANSWERS, question

LABELS = ("It is red.", "It is rose.", "It is red like a ruby.", "It is green.", ANSWERS["blue"])


def agree(
    ours: SglangEngine, theirs: TransformersEngine, prompt: Prompt, labels: tuple[str, ...] = LABELS
) -> Scored:
    """Scores a prompt with both engines; what both read is within 1e-4, and both read enough."""
    trie = ours.answer_trie(labels)
    assert trie == theirs.answer_trie(labels)
    (left,), (right,) = (run(engine, (prompt, Score(trie))) for engine in (ours, theirs))
    assert left.output.prompt_tokens == right.output.prompt_tokens
    one, other = left.output.logprobs, right.output.logprobs
    for path in {*one} & {*other}:
        assert one[path] == pytest.approx(other[path], abs=1e-4)
    assert trie.onward(one) == trie.onward(other) == []
    scores, mass = trie.distribution(one)
    others, other_mass = trie.distribution(other)
    assert scores == pytest.approx(others, abs=1e-4)
    assert mass == pytest.approx(other_mass, abs=1e-4)
    scored: Scored = left.output
    return scored


@pytest.mark.parametrize("colours", [(), ("red",), ("red", "blue", "green")])
def test_scores_are_those_of_transformers(
    opened: Open, closed: TransformersEngine, colours: tuple[str, ...]
) -> None:
    read = agree(opened(), closed, question(*colours)).logprobs
    assert any(answer in read for answer in closed.answer_trie(LABELS).answers)


def test_scores_come_after_the_models_own_thoughts(
    opened: Open, natural: TransformersEngine
) -> None:
    agree(opened(thinking="natural"), natural, question("blue"))


def test_a_model_that_thinks_nothing_is_asked_in_two_rounds(
    opened: Open, natural: TransformersEngine
) -> None:
    engine = opened(thinking="natural")
    read = agree(engine, natural, question("red")).logprobs
    first, *others = engine._engine.asked
    prompt = engine.prepare(question("red"), Generate(1)).input_ids
    assert len(first["input_ids"]) > len(prompt)  # as if the thinking had ended
    written = [one for one in others if "token_ids_logprob" not in one]
    assert [one["input_ids"] for one in written] == [prompt]
    places = {path[:-1] for path in read}
    assert len(engine._engine.asked) == len(places) + 1


def test_scores_of_the_demo_family(opened: Open, load: Load) -> None:
    folder = Path(__file__).parents[3] / "models" / "demo_disease" / "1"
    limits = {"max_context": 1024, "max_images": 4}
    theirs = load(folder, **limits)
    ours = opened(folder=folder, **limits)
    prompt = question("red", "green", "blue", sizes=[(128, 96), (96, 128), (128, 128)])
    agree(ours, theirs, prompt, ("This image shows psoriasis.", "This image shows nevi."))
    asyncio.run(theirs.close())


@pytest.mark.parametrize("thinking", ["closed", "natural"])
@pytest.mark.parametrize("colour", ANSWERS)
def test_words_come_as_they_are_written(opened: Open, thinking: str, colour: str) -> None:
    engine = opened(thinking=thinking)
    (call,) = run(engine, (question("green", colour), Generate(40)))
    output: Generated = call.output
    assert (output.text, output.finish_reason) == (ANSWERS[colour], "stop")
    assert "".join(call.pieces) == output.text
    assert len(call.pieces) > 3
    asked = engine._engine.asked
    assert len(asked) == (2 if thinking == "natural" else 1)  # thoughts, then the answer


def test_an_answer_is_cut_at_its_length(opened: Open, closed: TransformersEngine) -> None:
    pair = (question("blue"), Generate(3))
    ours, theirs = run(opened(), pair)[0].output, run(closed, pair)[0].output
    assert ours == theirs
    assert (ours.finish_reason, ours.new_tokens) == ("length", 3)


def test_calls_run_together_and_each_is_its_own(opened: Open) -> None:
    engine = opened()
    assert (engine.max_batch, engine.concurrency) == (1, 4)

    async def together() -> list[Recorder]:
        asked = [(question(colour), Generate(40)) for colour in ANSWERS]
        calls = [Recorder(engine.prepare(*pair)) for pair in asked]
        await asyncio.gather(*(engine.run([call]) for call in calls))
        return calls

    assert [call.output.text for call in asyncio.run(together())] == list(ANSWERS.values())


@pytest.mark.parametrize("want", ["words", "scores"])
def test_a_call_that_nobody_waits_for_is_aborted(opened: Open, want: str) -> None:
    engine = opened()
    asked = Generate(40) if want == "words" else Score(engine.answer_trie(LABELS))
    engine._engine.stuck_after = 3 if want == "words" else 0
    left = Recorder(engine.prepare(question("blue"), asked))

    async def leave() -> None:
        running = asyncio.create_task(engine.run([left]))
        while not (left.pieces or (want == "scores" and engine._engine.asked)):
            await asyncio.sleep(0)
        left.cancelled = True
        await running

    asyncio.run(leave())
    assert not left.ended
    rids = [request["rid"] for request in engine._engine.asked]
    assert engine._engine.tokenizer_manager.aborted == rids[:1]


def test_priority_and_adapter_go_along(opened: Open, checkpoint: Path) -> None:
    engine = opened()
    engine._adapter = "ruby"
    engine._engine.server_args.lora_paths = {"ruby": str(checkpoint)}
    call = Recorder(engine.prepare(question("red"), Generate(40)))
    call.priority = 2
    asyncio.run(engine.run([call]))
    (request,) = engine._engine.asked
    assert (request["priority"], request["lora_path"]) == (2, "ruby")
    assert call.output.text == ANSWERS["red"]


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (ValueError("The input is longer than the model's context length"), InvalidInput),
        (HTTPException(503, "The request queue is full."), QueueFull),
        (HTTPException(500, "CUDA error"), EngineFailed),
        ({"type": "abort", "status_code": 400, "message": "too long"}, InvalidInput),
        ({"type": "abort", "message": "Abort in waiting queue"}, EngineFailed),
    ],
)
@pytest.mark.parametrize("scored", [True, False])
def test_what_sglang_refuses_ends_that_call(
    opened: Open, refusal: Exception | dict[str, object], kind: type[HikariError], scored: bool
) -> None:
    engine = opened()
    want = Score(engine.answer_trie(LABELS)) if scored else Generate(40)
    engine._engine.refusal = refusal
    bad, good = run(engine, (question("red"), want), (question("red"), want))
    assert type(bad.error) is kind
    assert "SGLang" in str(bad.error)
    assert good.output


def test_a_prompt_that_is_too_long_never_reaches_sglang(opened: Open) -> None:
    engine = opened()
    with pytest.raises(InvalidInput, match="reads at most 128"):
        engine.prepare(question("red", text="skin " * 200), Generate(1))


def test_an_answer_must_have_room(opened: Open) -> None:
    with pytest.raises(ConfigError, match=r"set `limits.max_new_tokens` to that at least"):
        opened(max_new_tokens=3).answer_trie(LABELS)


def test_sigterm_stays_the_servers(opened: Open) -> None:
    engine = opened()
    before = signal.getsignal(signal.SIGTERM)

    def mine(*_: object) -> None: ...

    signal.signal(signal.SIGTERM, mine)
    try:
        run(engine, (question("red"), Generate(1)))
        assert signal.getsignal(signal.SIGTERM) is mine
        signal.raise_signal(signal.SIGQUIT)  # as a process of SGLang's that fails
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_dead_process_is_noticed(opened: Open) -> None:
    engine = opened()
    (process,) = multiprocessing.active_children()

    async def dying() -> str:
        waiting = asyncio.create_task(engine.died())
        await asyncio.sleep(0)
        assert not waiting.done()
        process.kill()
        return await waiting

    assert asyncio.run(dying()) == "a process of SGLang's has died; its log says more"


def test_sleep_gives_the_memory_back(opened: Open) -> None:
    engine = opened(turns=True)
    manager = engine._engine.tokenizer_manager

    async def rest() -> None:
        await engine.sleep()
        assert manager.asleep
        await engine.wake()
        assert not manager.asleep

    asyncio.run(rest())


def test_it_sleeps_when_what_was_aborted_has_ended(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hikari_serve.engines.sglang.engine.IDLE_SECONDS", 0.5)
    engine = opened(turns=True)
    engine._engine.stuck_after = 3
    manager = engine._engine.tokenizer_manager
    left = Recorder(engine.prepare(question("blue"), Generate(40)))

    async def leave() -> None:
        running = asyncio.create_task(engine.run([left]))
        while not left.pieces:
            await asyncio.sleep(0)
        with pytest.raises(EngineFailed, match="it still computes"):
            await engine.sleep()
        assert not manager.asleep
        left.cancelled = True
        await running
        assert manager.unfinished
        await engine.sleep()
        assert manager.asleep

    asyncio.run(leave())


def test_an_engine_that_takes_no_turns_stays_awake(opened: Open) -> None:
    engine = opened()
    asyncio.run(engine.sleep())
    assert not engine._engine.tokenizer_manager.asleep


def test_one_model_a_process(opened: Open) -> None:
    engine = opened()
    with pytest.raises(ConfigError, match="one model a process"):
        opened()
    assert run(engine, (question("red"), Generate(40)))[0].output.text == ANSWERS["red"]
