"""Which replicas of a stage are asked: those that are there, able, right and least busy."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from hikari_serve.errors import (
    HikariError,
    QueueFull,
    Unavailable,
)
from hikari_serve.observer import Observer, Repeated
from hikari_serve.serving.hop import endpoints, replica, replicas
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.hop.replica import Needs
from hikari_serve.stage import Hosted, StageResult, State
from tests.served.server import free_port
from tests.serving.hop.running import Runner, ask, hosting, item


def test_addresses_that_refuse_are_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "REFUSED_SECONDS", 0.5)
    port = free_port()

    async def main() -> None:
        stage = RemoteStage("group", f"http://127.0.0.1:{port}")
        for least, most in ((0.5, 5.0), (0.0, 0.3)):
            began = time.monotonic()
            with pytest.raises(Unavailable, match="cannot be reached") as told:
                await stage.infer(item(60))
            assert told.value.retry_after
            assert least <= time.monotonic() - began <= most
        async with Runner(port=port):
            while isinstance(await asyncio.wait_for(_ready(stage), 10), Unavailable):
                await asyncio.sleep(0.05)
            await stage.infer(item())
        began = time.monotonic()
        with pytest.raises(Unavailable, match="cannot be reached"):
            await stage.infer(item(60))
        assert time.monotonic() - began >= 0.4
        await stage.close()

    asyncio.run(main())


async def _ready(stage: RemoteStage) -> Unavailable | None:
    try:
        await stage.ready()
    except Unavailable as error:
        return error
    return None


def test_what_our_supervisor_starts_is_waited_for_until_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "REFUSED_SECONDS", 0.1)
    began = time.time()

    async def main() -> StageResult | HikariError:
        return await ask(RemoteStage("group", (tmp_path / "nobody").as_uri()), seconds=1.5)

    told = asyncio.run(main())
    assert isinstance(told, Unavailable)
    assert told.retry_after
    assert time.time() - began > 1.2


def test_the_least_in_flight_wins_and_a_hung_one_gets_nothing() -> None:
    async def main() -> list[int]:
        async with Runner() as first, Runner() as second, Runner() as third:
            stage = RemoteStage("group", [first.url, second.url, third.url])
            await stage.ready()
            third.hung.clear()
            while third.url not in _silent(stage):
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


def _silent(stage: RemoteStage) -> list[str]:
    """The addresses of those that say nothing."""
    return [
        str(each.endpoint) for each in stage.replicas if each.condition is replica.Condition.SILENT
    ]


@pytest.mark.parametrize(
    ("name", "hosted", "says"),
    [
        ("disease", hosting(), "runner of the stage 'disease', not of 'group'"),
        ("group", hosting(model="n"), "it hosts n/1, and m is needed"),
        ("group", (), "it hosts nothing, and m is needed"),
        ("group", hosting(digests={"labels": "b@2"}), "the labels b@2 where it runs, and a@1"),
        (
            "group",
            hosting(state=State.UNAVAILABLE, reason="no memory"),
            "model 'm' is UNAVAILABLE: no memory",
        ),
    ],
)
def test_one_that_is_not_what_is_needed_is_not_asked(
    name: str, hosted: tuple[Hosted, ...], says: str
) -> None:
    needs = [Needs("m", digests={"labels": "a@1"})]

    async def main() -> tuple[HikariError | StageResult, StageResult | HikariError]:
        async with Runner(name) as wrong, Runner() as right:
            wrong.stage.hosted, right.stage.hosted = hosted, hosting(digests={"labels": "a@1"})
            alone = RemoteStage("group", wrong.url, needs=needs)
            with pytest.raises(Unavailable, match=says):
                await alone.ready()
            refused = await ask(alone)
            both = RemoteStage("group", [wrong.url, right.url], needs=needs)
            await both.ready()
            answered = await ask(both)
            assert not wrong.stage.items
            return refused, answered

    refused, answered = asyncio.run(main())
    assert isinstance(refused, Unavailable)
    assert says in refused.message
    assert isinstance(answered, StageResult)


def test_one_of_another_protocol_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "PROTOCOL", 2)

    async def main() -> StageResult | HikariError:
        async with Runner() as runner:
            return await ask(RemoteStage("group", runner.url))

    told = asyncio.run(main())
    assert isinstance(told, Unavailable)
    assert "it speaks protocol 1, and this server 2" in told.message


def test_what_answers_there_may_be_no_runner_at_all() -> None:
    async def main() -> StageResult | HikariError:
        async def page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>")
            writer.close()

        server = await asyncio.start_server(page, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        told = await ask(RemoteStage("group", f"http://127.0.0.1:{port}"))
        server.close()
        return told

    told = asyncio.run(main())
    assert isinstance(told, Unavailable)
    assert "no runner of this server" in told.message


def test_names_are_resolved_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with Runner() as first, Runner() as second:
            there = [first]

            async def resolve(address: object) -> list[endpoints.Endpoint]:
                if not there:
                    raise OSError(0, "Temporary failure in name resolution")
                return [endpoints.Endpoint(each.url, "group:80") for each in there]

            monkeypatch.setattr(replicas, "resolve", resolve)
            monkeypatch.setattr(replicas, "LOOK_EVERY_SECONDS", 0.1)
            stage = RemoteStage("group", "http://group:80")
            await stage.infer(item())
            there.append(second)
            for each in (first, second):
                each.stage.seconds = 0.05
            while [each.condition for each in stage.replicas] != [replica.Condition.UP] * 2:
                await asyncio.sleep(0.02)
            await asyncio.gather(*(stage.infer(item()) for _ in range(10)))
            assert len(second.stage.items) == 5
            first.stage.seconds = 1
            slow = [asyncio.create_task(stage.infer(item())) for _ in range(2)]
            await asyncio.sleep(0.1)
            there.remove(first)
            while len(list(stage.replicas)) > 1:
                await asyncio.sleep(0.02)
            asked = len(first.stage.items)
            await stage.infer(item())
            assert len(first.stage.items) == asked
            await asyncio.gather(*slow)  # what the one that went had begun
            there.clear()
            await asyncio.sleep(0.3)
            await stage.infer(item())  # a name server that fails takes nobody away
            await stage.close()

    asyncio.run(main())


def test_a_name_server_that_hangs_keeps_nobody_from_those_that_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main() -> float:
        async with Runner() as runner:
            asked = 0

            async def resolve(address: object) -> list[endpoints.Endpoint]:
                nonlocal asked
                asked += 1
                if asked > 1:
                    await asyncio.sleep(60)
                return [endpoints.Endpoint(runner.url, "group:80")]

            monkeypatch.setattr(replicas, "resolve", resolve)
            stage = RemoteStage("group", "http://group:80")
            await stage.ready()
            runner.stage.seconds = 60
            asking = asyncio.create_task(stage.infer(item(20)))
            while not (runner.stage.items and asked > 1):
                await asyncio.sleep(0.01)
            runner.stage.seconds = 0
            runner.break_off()
            began = time.monotonic()
            assert isinstance(await asking, StageResult)
            assert asked == 2  # one question at a time
            await stage.close()
            return time.monotonic() - began

    assert asyncio.run(main()) < 5


def test_a_name_server_that_hangs_from_the_start_hides_no_other_replica(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = endpoints.resolve

    async def resolve(address: str) -> list[endpoints.Endpoint]:
        if "hangs" in address:
            await asyncio.sleep(60)
        return await real(address)

    monkeypatch.setattr(replicas, "resolve", resolve)

    async def main() -> None:
        alone = RemoteStage("group", "http://hangs:80")
        began = time.monotonic()
        assert await _ready(alone) is not None
        assert time.monotonic() - began < 5
        await alone.close()
        async with Runner() as runner:
            stage = RemoteStage("group", ["http://hangs:80", runner.url])
            await stage.ready()
            assert isinstance(await ask(stage), StageResult)

    asyncio.run(main())


def test_one_that_meets_one_of_several_needs_is_asked() -> None:
    async def main() -> StageResult | HikariError:
        async with Runner() as runner:
            runner.stage.hosted = hosting(model="n")
            return await ask(RemoteStage("group", runner.url, needs=[Needs("m"), Needs("n")]))

    assert isinstance(asyncio.run(main()), StageResult)


class Heard(Observer):
    def __init__(self) -> None:
        self.seen: list[dict[str, int]] = []
        self.repeated: list[str] = []

    def replicas_seen(self, stage: str, count: Mapping[str, int]) -> None:
        self.seen.append({name: number for name, number in count.items() if number})

    def call_repeated(self, stage: str, why: Repeated) -> None:
        self.repeated.append(why)


def test_how_replicas_are_and_what_is_repeated_is_told() -> None:
    heard = Heard()

    async def main() -> None:
        async with Runner() as first, Runner() as second:
            stage = RemoteStage("group", [first.url, second.url], observer=heard)
            await stage.ready()
            assert heard.seen[-1] == {"up": 2}
            first.stage.error = second.stage.error = QueueFull("full")
            with pytest.raises(QueueFull):
                await stage.infer(item())
            assert heard.repeated == ["refused"]
            first.stage.error = second.stage.error = None
            first.stage.seconds = second.stage.seconds = 0.5
            asked = [asyncio.create_task(stage.infer(item())) for _ in range(2)]
            await asyncio.sleep(0.2)
            first.die()
            await asyncio.gather(*asked)
            assert heard.repeated == ["refused", "lost"]
            while heard.seen[-1] != {"up": 1, "down": 1}:
                await asyncio.sleep(0.05)
            await stage.close()

    asyncio.run(main())


def test_an_address_that_does_not_resolve_takes_none_of_the_others_away() -> None:
    async def main() -> StageResult | HikariError:
        async with Runner() as runner:
            return await ask(RemoteStage("group", ["http://nobody.invalid:3000", runner.url]))

    assert isinstance(asyncio.run(main()), StageResult)


def test_a_name_that_does_not_resolve_is_named() -> None:
    async def main() -> StageResult | HikariError:
        return await ask(RemoteStage("group", "http://nobody.invalid:3000"), 1)

    told = asyncio.run(main())
    assert isinstance(told, Unavailable)
    assert "http://nobody.invalid:3000 does not resolve" in told.message


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
            while runner.url not in _silent(stage):
                await asyncio.sleep(0.02)
            ready = [await _ready(stage) is None]
            await asyncio.sleep(1)
            if answers:
                runner.hung.set()
                await asking
                runner.hung.clear()
            while runner.url not in _silent(stage):
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.7)
            ready.append(await _ready(stage) is None)
            runner.hung.set()
            await asking
            ready.append(await _ready(stage) is None)
            await stage.close()
            return ready

    assert asyncio.run(main()) == [True, answers, True]


def test_one_that_hangs_from_its_start_is_not_ready() -> None:
    async def main() -> Unavailable | None:
        async with Runner() as runner:
            runner.hung.clear()
            stage = RemoteStage("group", runner.url)
            told = await _ready(stage)
            runner.hung.set()
            await stage.close()
            return told

    told = asyncio.run(main())
    assert told is not None
    assert told.message == "no answer"
