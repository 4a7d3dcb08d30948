"""Replicas that take connections and say nothing: asked for nothing, and for how long ready."""

import asyncio

import pytest

from hikari_serve.errors import (
    Unavailable,
)
from hikari_serve.serving.hop import replica, replicas
from hikari_serve.serving.hop.remote import RemoteStage
from tests.serving.hop.running import Runner, item, not_ready, silent


def test_the_least_in_flight_wins_and_a_hung_one_gets_nothing() -> None:
    async def main() -> list[int]:
        async with Runner() as first, Runner() as second, Runner() as third:
            stage = RemoteStage("group", [first.url, second.url, third.url])
            await stage.ready()
            third.hung.clear()
            while third.url not in silent(stage):
                await asyncio.sleep(0.05)
            before = len(third.stage.items)
            for each in (first, second):
                each.stage.seconds = 0.2
            await asyncio.gather(*(stage.infer(item()) for _ in range(10)))
            third.hung.set()
            await stage.close()
            return [len(each.stage.items) for each in (first, second)] + [
                len(third.stage.items) - before
            ]

    assert asyncio.run(main()) == [5, 5, 0]


@pytest.mark.parametrize("answers", [False, True], ids=["it hangs", "it answers calls alone"])
def test_a_look_that_is_missed_leaves_the_stage_ready_and_many_do_not(
    answers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "LOOK_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(replica, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(replica, "HUNG_SECONDS", 1.5)

    async def main() -> list[bool]:
        async with Runner() as runner:
            stage = RemoteStage("group", runner.url)
            await stage.ready()
            asking = asyncio.create_task(stage.infer(item(20)))
            runner.hung.clear()
            while runner.url not in silent(stage):
                await asyncio.sleep(0.02)
            ready = [await not_ready(stage) is None]
            await asyncio.sleep(1)
            if answers:
                runner.hung.set()
                await asking
                runner.hung.clear()
            while runner.url not in silent(stage):
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.7)
            ready.append(await not_ready(stage) is None)
            runner.hung.set()
            await asking
            ready.append(await not_ready(stage) is None)
            await stage.close()
            return ready

    assert asyncio.run(main()) == [True, answers, True]


def test_one_that_hangs_from_its_start_is_not_ready() -> None:
    async def main() -> Unavailable | None:
        async with Runner() as runner:
            runner.hung.clear()
            stage = RemoteStage("group", runner.url)
            told = await not_ready(stage)
            runner.hung.set()
            await stage.close()
            return told

    told = asyncio.run(main())
    assert told is not None
    assert told.message == "no answer"
