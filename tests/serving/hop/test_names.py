"""Names of replicas: resolved anew, also while a name server hangs or knows none."""

import asyncio
import time

import pytest

from hikari_serve.errors import (
    HikariError,
    Unavailable,
)
from hikari_serve.serving.hop import endpoints, replica, replicas
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.stage import StageResult
from tests.serving.hop.running import Runner, ask, item, not_ready


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
        assert await not_ready(alone) is not None
        assert time.monotonic() - began < 5
        await alone.close()
        async with Runner() as runner:
            stage = RemoteStage("group", ["http://hangs:80", runner.url])
            await stage.ready()
            assert isinstance(await ask(stage), StageResult)

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
