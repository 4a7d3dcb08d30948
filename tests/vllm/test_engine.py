"""One vLLM engine under its queue: four pictures, limits, streams, cancels, priorities, load."""

import asyncio

import numpy as np
import pytest
from PIL import Image

from hikari_serve.engines.contract import Generate, LanguageEngine, Prompt, Score
from hikari_serve.engines.vllm.engine import VllmEngine
from hikari_serve.engines.vllm.preparation import VllmRequest
from hikari_serve.errors import BadImage, InvalidInput
from tests.engines.recorder import Recorder
from tests.vllm.conftest import Open
from tests.vllm.prompts import asked, caption_prompts, diseases, prompts, scored


@pytest.fixture(scope="module")
def vllm(opened: Open) -> LanguageEngine:
    return opened("vllm", "demo_disease", max_batch=64)


@pytest.fixture(scope="module")
def transformers(opened: Open) -> LanguageEngine:
    return opened("transformers", "demo_disease")


@pytest.mark.parametrize("references", [1, 3])
def test_several_pictures_in_a_prompt(
    loop: asyncio.Runner, vllm: LanguageEngine, transformers: LanguageEngine, references: int
) -> None:
    many = prompts(12, references=references)
    assert len(many[0].images) == references + 1
    ours, mass = scored(loop, transformers, many)
    theirs, other_mass = scored(loop, vllm, many)
    assert np.abs(ours - theirs).max() < 1e-3
    assert np.abs(mass - other_mass).max() < 1e-3
    turned = [Prompt(prompt.messages, prompt.images[::-1]) for prompt in many]
    assert np.abs(scored(loop, vllm, turned)[0] - theirs).max() > 0.01  # their order is heard


def test_64_requests_at_once(
    loop: asyncio.Runner, vllm: LanguageEngine, transformers: LanguageEngine
) -> None:
    many = prompts(64, seed=32_000)
    assert vllm.concurrency == 64
    assert np.abs(scored(loop, transformers, many)[0] - scored(loop, vllm, many)[0]).max() < 1e-3


def test_a_prompt_beyond_the_limits_is_refused_before_vllm_sees_it(vllm: LanguageEngine) -> None:
    (prompt,) = prompts(1, references=3)
    want = Score(diseases(vllm))
    with pytest.raises(InvalidInput, match="5 pictures; this model takes at most 4"):
        vllm.prepare(Prompt(prompt.messages, [*prompt.images, prompt.images[0]]), want)
    with pytest.raises(InvalidInput, match="4 slots for 3 pictures"):
        vllm.prepare(Prompt(prompt.messages, prompt.images[1:]), want)
    long = [{"role": "user", "content": "word " * 2000}]
    with pytest.raises(InvalidInput, match=r"has \d+ tokens; this model reads at most 1024"):
        vllm.prepare(Prompt(long, []), want)
    slot = [{"role": "user", "content": [{"type": "image"}]}]
    with pytest.raises(BadImage, match="cannot be cut into patches"):
        vllm.prepare(Prompt(slot, [Image.new("RGB", (1, 400))]), want)


def test_what_vllm_refuses_is_the_callers_mistake(
    loop: asyncio.Runner, vllm: LanguageEngine
) -> None:
    """Our own limits come first; without them vLLM's error becomes ours."""
    call = Recorder(VllmRequest([100] * 5000, [], [], 5000, Generate(4)))
    loop.run(vllm.run([call]))
    assert isinstance(call.error, InvalidInput)
    assert "vLLM refused the prompt" in str(call.error)


def test_work_counts_what_vllm_reads(loop: asyncio.Runner, vllm: VllmEngine) -> None:
    (prompt,) = prompts(1, references=2)
    (call,) = asked(loop, vllm, [prompt], Score(diseases(vllm)))
    assert call.output.prompt_tokens == call.request.work
    assert call.request.work > len(call.request.input_ids) + 2


@pytest.fixture(scope="module")
def captions(opened: Open) -> VllmEngine:
    engine = opened("vllm", "demo_caption", parameters={"max_num_seqs": 2})
    assert isinstance(engine, VllmEngine)
    return engine


def test_words_are_heard_as_they_come(loop: asyncio.Runner, captions: VllmEngine) -> None:
    (call,) = asked(loop, captions, caption_prompts(1), Generate(96))
    assert call.output.finish_reason == "stop"
    assert "".join(call.pieces) == call.output.text
    assert len(call.pieces) > 10
    (cut,) = asked(loop, captions, caption_prompts(1), Generate(5))
    assert (cut.output.finish_reason, cut.output.new_tokens) == ("length", 5)
    assert call.output.text.startswith(cut.output.text)


def test_a_call_that_nobody_waits_for_is_aborted(
    loop: asyncio.Runner, captions: VllmEngine
) -> None:
    def leave(call: Recorder) -> None:
        call.cancelled = len(call.pieces) >= 3

    prompt, other = caption_prompts(2)
    left = Recorder(captions.prepare(prompt, Generate(96)), leave)
    stayed = Recorder(captions.prepare(other, Generate(96)))

    async def both() -> None:
        await asyncio.gather(captions.run([left]), captions.run([stayed]))

    loop.run(both())
    assert not left.ended
    assert stayed.output.finish_reason == "stop"
    assert captions._llm.get_num_unfinished_requests() == 0


def test_vllm_serves_the_first_priority_first(loop: asyncio.Runner, captions: VllmEngine) -> None:
    ended: list[int] = []

    async def answer(call: Recorder, number: int) -> None:
        await captions.run([call])
        assert call.output.text
        ended.append(number)

    async def all_of_them() -> None:
        calls = [Recorder(captions.prepare(p, Generate(96))) for p in caption_prompts(8)]
        for call in calls:
            call.priority = 9
        calls[-1].priority = 1
        async with asyncio.TaskGroup() as group:
            for number, call in enumerate(calls):
                group.create_task(answer(call, number))

    loop.run(all_of_them())
    assert sorted(ended) == list(range(8))
    assert ended.index(7) < 4  # it came last of eight, and two run at a time
