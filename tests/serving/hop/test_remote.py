"""What a caller sees of runners that start late, die, hang, are full or merely slow."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hikari_serve.errors import (
    DeadlineExceeded,
    HikariError,
    Mismatch,
    NotFound,
    QueueFull,
    Unavailable,
)
from hikari_serve.serving.hop import replicas
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.hop.replica import Condition, Needs
from hikari_serve.stage import StageResult, State
from tests.serving.hop.running import Runner, ask, hosting, item


def test_one_that_starts_late_is_waited_for(tmp_path: Path) -> None:
    async def main() -> StageResult | HikariError:
        asking = asyncio.create_task(ask(RemoteStage("group", (tmp_path / "s").as_uri())))
        await asyncio.sleep(0.5)
        assert not asking.done()
        async with Runner(path=tmp_path / "s"):
            return await asking

    assert isinstance(asyncio.run(main()), StageResult)


def test_one_that_loads_is_waited_for_and_says_so_when_the_time_is_over() -> None:
    async def main() -> tuple[StageResult | HikariError, StageResult | HikariError]:
        async with Runner() as runner:
            runner.stage.hosted = hosting(state=State.LOADING)
            late = await ask(RemoteStage("group", runner.url, needed=lambda: [Needs("m")]), 0.5)
            asking = asyncio.create_task(
                ask(RemoteStage("group", runner.url, needed=lambda: [Needs("m")]))
            )
            await asyncio.sleep(0.3)
            runner.stage.hosted = hosting()
            return late, await asking

    late, answered = asyncio.run(main())
    assert isinstance(late, Unavailable)
    assert late.message == "the group stage cannot answer yet: model 'm' is LOADING"
    assert late.retry_after
    assert isinstance(answered, StageResult)


def test_the_stages_token_is_told() -> None:
    async def main() -> list[dict[bytes, bytes]]:
        async with Runner() as runner:
            stage = RemoteStage("group", runner.url, "of-the-stages")
            await stage.ready()
            await stage.infer(item())
            await stage.close()
            return runner.heads

    heads = asyncio.run(main())
    assert len(heads) == 2
    assert all(head[b"authorization"] == b"Bearer of-the-stages" for head in heads)


@pytest.mark.parametrize("streamed", [False, True])
def test_one_that_dies_with_the_item_is_asked_elsewhere(streamed: bool) -> None:
    async def main() -> tuple[StageResult | HikariError, Runner, Runner]:
        async with Runner() as first, Runner() as second:
            for each in (first, second):
                each.stage.seconds = 60
            stage = RemoteStage("group", [first.url, second.url])
            heard = list[str]().append if streamed else None
            asking = asyncio.create_task(ask(stage, on_text=heard))
            while not (asked := [each for each in (first, second) if each.stage.items]):
                await asyncio.sleep(0.01)
            for each in (first, second):
                each.stage.seconds = 0
            asked[0].die()
            return await asking, first, second

    answered, first, second = asyncio.run(main())
    assert isinstance(answered, StageResult)
    assert len(first.stage.items) == len(second.stage.items) == 1


@pytest.mark.parametrize(("deaths", "answered"), [(2, True), (3, False)])
def test_what_kills_every_runner_is_not_asked_for_ever(
    tmp_path: Path, deaths: int, answered: bool
) -> None:
    async def main() -> StageResult | HikariError:
        asking = asyncio.create_task(ask(RemoteStage("group", (tmp_path / "s").as_uri())))
        for _ in range(deaths):
            async with Runner(path=tmp_path / "s") as runner:
                runner.stage.seconds = 60
                while not runner.stage.items:
                    await asyncio.sleep(0.01)
        async with Runner(path=tmp_path / "s"):
            return await asking

    told = asyncio.run(main())
    assert isinstance(told, StageResult if answered else Unavailable), told
    if isinstance(told, HikariError):
        assert "broke off" in told.message
        assert told.retry_after


def test_one_whose_engine_died_loses_no_call_while_another_answers() -> None:
    async def main() -> tuple[list[StageResult | BaseException], int]:
        async with Runner() as dead, Runner() as other:
            dead.stage.hosted = other.stage.hosted = hosting()
            dead.stage.seconds = other.stage.seconds = 0.2
            stage = RemoteStage("group", [dead.url, other.url], needed=lambda: [Needs("m")])
            await stage.ready()
            asking = []
            for number in range(40):
                asking.append(asyncio.create_task(stage.infer(item())))
                await asyncio.sleep(0.01)
                if number == 10:  # it lives on to tell
                    dead.stage.error, dead.stage.seconds = Unavailable("its engine died"), 0
                    dead.stage.hosted = hosting(state=State.UNAVAILABLE, reason="it died")
                    there = len(dead.stage.items)
            answers = await asyncio.gather(*asking, return_exceptions=True)
            await stage.close()
            return answers, len(dead.stage.items) - there

    answers, drawn = asyncio.run(main())
    assert all(isinstance(each, StageResult) for each in answers), answers
    assert drawn < 10


@pytest.mark.parametrize("there", [1, 2, 4])
def test_what_three_call_unavailable_is_told_so(there: int) -> None:
    async def main() -> tuple[StageResult | HikariError, int]:
        async with AsyncExitStack() as running:
            runners = [await running.enter_async_context(Runner()) for _ in range(there)]
            for each in runners:
                each.stage.error = Unavailable("its engine died")
            stage = RemoteStage("group", [each.url for each in runners])
            await stage.ready()
            return await ask(stage), sum(len(each.stage.items) for each in runners)

    told, times = asyncio.run(main())
    assert isinstance(told, Unavailable)
    assert told.message == "its engine died"
    assert times == 3


def test_one_that_says_that_its_engine_died_is_waited_for_as_one_that_died() -> None:
    async def main() -> StageResult | HikariError:
        async with Runner() as runner:
            runner.stage.hosted = hosting(state=State.UNAVAILABLE, reason="its engine died")
            stage = RemoteStage("group", runner.url, needed=lambda: [Needs("m")])
            asking = asyncio.create_task(ask(stage))
            await asyncio.sleep(0.5)
            assert not asking.done()
            runner.stage.hosted = hosting()
            return await asking

    assert isinstance(asyncio.run(main()), StageResult)


def test_one_that_fails_in_no_time_is_looked_at_between_its_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replicas, "HURRY_SECONDS", 60)

    async def main() -> tuple[int, int]:
        async with Runner() as runner:
            stage = RemoteStage("group", runner.url)
            await stage.ready()
            runner.stage.error = Unavailable("its engine died")
            began = time.monotonic()
            for _ in range(2):
                with pytest.raises(Unavailable):
                    await stage.infer(item())
            assert time.monotonic() - began >= 4 * replicas.LEAST_SECONDS
            calls = len(runner.stage.items)
            await stage.close()
            return calls, len(runner.heads) - calls

    calls, looks = asyncio.run(main())
    assert calls == 6
    assert calls <= looks <= calls + 3


@pytest.mark.parametrize("streamed", [False, True])
def test_what_nobody_foresaw_is_the_same_error_as_in_one_process(streamed: bool) -> None:
    words: list[str] = []

    async def main() -> tuple[StageResult | HikariError, list[Condition]]:
        async with Runner("caption") as runner:
            runner.stage.words_before_error = "Well"
            runner.stage.error = RuntimeError("disk I/O error")
            stage = RemoteStage("caption", runner.url)
            told = await ask(stage, on_text=words.append if streamed else None)
            return told, [each.condition for each in stage.replicas]

    told, conditions = asyncio.run(main())
    assert isinstance(told, HikariError)
    assert (told.code, told.message) == (
        "internal",
        "stage caption failed: RuntimeError('disk I/O error')",
    )
    assert words == ["Well"] * streamed
    assert conditions == [Condition.UP]


def test_words_are_passed_on_once() -> None:
    words: list[str] = []

    async def main() -> StageResult | HikariError:
        async with Runner("caption") as first, Runner("caption") as second:
            stage = RemoteStage("caption", [first.url, second.url])

            def hear(text: str) -> None:
                words.append(text)
                first.die()
                second.die()

            for each in (first, second):
                each.stage.seconds_after_words = 60
            return await ask(stage, on_text=hear)

    assert isinstance(asyncio.run(main()), Unavailable)
    assert len(words) == 1


@pytest.mark.parametrize(
    ("hung", "kind", "says"),
    [(False, DeadlineExceeded, "the deadline passed"), (True, Unavailable, "yet: no answer")],
)
def test_the_deadline_says_whether_the_runner_works(
    hung: bool, kind: type[HikariError], says: str
) -> None:
    async def main() -> StageResult | HikariError:
        async with Runner() as runner:
            runner.stage.seconds = 60
            stage = RemoteStage("group", runner.url)
            await stage.ready()
            if hung:
                runner.hung.clear()
            told = await ask(stage, seconds=2.5)
            runner.hung.set()
            return told

    told = asyncio.run(main())
    assert isinstance(told, kind), told
    assert says in told.message
    assert (told.retry_after is not None) == hung


def test_a_full_queue_sends_to_another_and_is_told_when_all_are_full() -> None:
    async def main() -> StageResult | HikariError:
        async with Runner() as first, Runner() as second:
            stage = RemoteStage("group", [first.url, second.url])
            for each in (first, second):
                each.stage.error = QueueFull("full", retry_after=1)
            with pytest.raises(QueueFull):
                await stage.infer(item())
            assert len(first.stage.items) == len(second.stage.items) == 1
            second.stage.error = None
            return await ask(stage)

    assert isinstance(asyncio.run(main()), StageResult)


def test_one_that_was_full_is_asked_again_when_the_other_died() -> None:
    async def main() -> float:
        async with Runner() as full, Runner() as dying:
            stage = RemoteStage("group", [full.url, dying.url])
            await stage.ready()
            for each in stage.replicas:
                each.in_flight = str(each.endpoint) == dying.url  # so that the full one is asked
            full.stage.error = QueueFull("full")
            dying.stage.seconds = 60
            asking = asyncio.create_task(stage.infer(item(20)))
            while not dying.stage.items:
                await asyncio.sleep(0.01)
            assert len(full.stage.items) == 1
            full.stage.error = None
            dying.die()
            began = time.monotonic()
            assert isinstance(await asking, StageResult)
            assert len(full.stage.items) == 2
            await stage.close()
            return time.monotonic() - began

    assert asyncio.run(main()) < 5


@pytest.mark.parametrize(
    ("needs", "version", "kind"),
    [([], 9, NotFound), ([Needs("m")], 9, NotFound), ([Needs("m")], None, Mismatch)],
)
def test_what_a_runner_has_not_is_not_found_only_if_it_was_asked_for(
    needs: list[Needs], version: int | None, kind: type[HikariError]
) -> None:
    async def main() -> None:
        async with Runner() as runner:
            runner.stage.hosted = hosting()
            runner.stage.error = NotFound("version 9 of model 'm' is not hosted here")
            stage = RemoteStage("group", runner.url, needed=lambda: needs)
            with pytest.raises(kind):
                await stage.infer(item(version=version))
            await stage.ready()
            await stage.close()

    asyncio.run(main())
