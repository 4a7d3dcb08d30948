"""Which replicas of a stage are asked: those that are there, right and can be."""

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
from hikari_serve.serving.hop import replica, replicas
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.hop.replica import Needs
from hikari_serve.stage import Hosted, StageResult, State
from tests.served.server import free_port
from tests.serving.hop.running import Runner, ask, hosting, item, not_ready


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
            while isinstance(await asyncio.wait_for(not_ready(stage), 10), Unavailable):
                await asyncio.sleep(0.05)
            await stage.infer(item())
        began = time.monotonic()
        with pytest.raises(Unavailable, match="cannot be reached"):
            await stage.infer(item(60))
        assert time.monotonic() - began >= 0.4
        await stage.close()

    asyncio.run(main())


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
            alone = RemoteStage("group", wrong.url, needed=lambda: needs)
            with pytest.raises(Unavailable, match=says):
                await alone.ready()
            refused = await ask(alone, 1)
            both = RemoteStage("group", [wrong.url, right.url], needed=lambda: needs)
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


def test_one_that_meets_one_of_several_needs_is_asked() -> None:
    async def main() -> StageResult | HikariError:
        async with Runner() as runner:
            runner.stage.hosted = hosting(model="n")
            return await ask(
                RemoteStage("group", runner.url, needed=lambda: [Needs("m"), Needs("n")])
            )

    assert isinstance(asyncio.run(main()), StageResult)


def test_what_is_needed_may_change_and_what_is_loaded_is_asked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replicas, "HURRY_SECONDS", 60)
    needs = [Needs("m")]
    unloaded = hosting(state=State.UNAVAILABLE, reason="unloaded")

    async def main() -> None:
        async with Runner() as runner:
            runner.stage.hosted = unloaded
            stage = RemoteStage("group", runner.url, needed=lambda: needs)
            with pytest.raises(Unavailable, match="'m' is UNAVAILABLE: unloaded"):
                await stage.infer(item())
            needs.append(Needs("n"))
            runner.stage.hosted = (*unloaded, *hosting(model="n"))
            await stage.infer(item(model="n"))
            await stage.close()

    asyncio.run(main())


def test_calls_of_what_cannot_be_used_share_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "HURRY_SECONDS", 60)

    async def main() -> tuple[list[StageResult | BaseException], int]:
        async with Runner("disease") as wrong:
            stage = RemoteStage("group", wrong.url)
            await not_ready(stage)
            calls = [stage.infer(item()) for _ in range(50)]
            told = await asyncio.gather(*calls, return_exceptions=True)
            await stage.close()
            return told, len(wrong.heads)

    told, looks = asyncio.run(main())
    assert all(isinstance(each, Unavailable) for each in told)
    assert looks <= 4


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
