"""A machine that vanishes takes its calls with it for seconds, not until their deadlines."""

import asyncio
import socket
import sys
import time

import pytest

from hikari_serve.errors import Unavailable
from hikari_serve.serving.hop import connector, replicas
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.hop.replica import Condition
from hikari_serve.stage import StageResult
from tests.serving.hop.machine import machine
from tests.serving.hop.running import Runner, item

SOON = {"TCP_USER_TIMEOUT": 2000, "TCP_KEEPIDLE": 1, "TCP_KEEPINTVL": 1, "TCP_KEEPCNT": 1}


@pytest.mark.parametrize("running", [True, False], ids=["it computes", "it is asked just then"])
def test_what_a_vanished_machine_had_is_asked_elsewhere(
    running: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "OPTIONS", SOON)

    async def main() -> None:
        async with Runner() as here:
            here.hung.clear()
            with machine(seconds=60 if running else 0) as there:
                stage = RemoteStage("group", [there.url, here.url])
                while (await stage.replicas.choose(())).condition is not Condition.UP:
                    await asyncio.sleep(0.05)
                if not running:
                    await stage.infer(item())  # leaves a connection that the next call takes
                    there.vanish()
                asking = asyncio.create_task(stage.infer(item(60)))
                await asyncio.sleep(0.3)
                assert [each.in_flight for each in stage.replicas] == [1, 0]
                if running:
                    there.vanish()
                here.hung.set()
                began = time.monotonic()
                assert isinstance(await asking, StageResult)
                assert time.monotonic() - began < 5
                assert len(here.stage.items) == 1
                await stage.close()

    asyncio.run(main())


def test_a_vanished_machine_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "OPTIONS", SOON)
    monkeypatch.setattr(replicas, "REFUSED_SECONDS", 0.5)

    async def main() -> None:
        with machine(seconds=0) as there:
            stage = RemoteStage("group", there.url)
            await stage.infer(item(20))
            there.vanish()
            await asyncio.sleep(4)
            began = time.monotonic()
            with pytest.raises(Unavailable, match="cannot be reached"):
                await stage.infer(item(20))
            assert time.monotonic() - began < 5
            await stage.close()

    asyncio.run(main())


def test_the_kernel_breaks_off_after_ten_seconds() -> None:
    opened = connector._watched((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0)))
    with opened:
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        idle = "TCP_KEEPIDLE" if sys.platform == "linux" else "TCP_KEEPALIVE"
        after, every, times = (
            opened.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
            for name in (idle, "TCP_KEEPINTVL", "TCP_KEEPCNT")
        )
        assert after + every * times == connector.GONE_SECONDS
        if sys.platform == "linux":
            most = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert most == connector.GONE_SECONDS * 1000
