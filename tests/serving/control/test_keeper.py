"""A worker keeps its host as the file says, also when it starts late or cannot speak."""

import asyncio
from pathlib import Path

import pytest

from hikari_serve.errors import Unavailable
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.keeper import Keeper
from hikari_serve.tasks.host import Host
from tests.serving.control.machine import GROUP, machine, second_version


def test_a_worker_that_starts_later_loads_what_is_to_be_served_then(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            second_version(models)
            await here.controller.load(GROUP)
            await here.controller.unload(GROUP)
            later = Host(Repository(models), cores=1, locks=models)
            Keeper("group", later, here.file.read().stages["group"], here.file)
            assert [(each.version, each.reason) for each in later.versions] == [
                (1, "unloaded"),
                (2, "unloaded"),
            ]
            with pytest.raises(Unavailable, match="unloaded"):
                await later.ready()

    asyncio.run(main())


def test_what_a_new_worker_cannot_load_may_be_replaced(models: Path) -> None:
    async def main() -> None:
        (models / GROUP / "1").rename(models / GROUP / "2")  # version 1 is to be served, and gone
        async with machine(models) as here:
            await here.controller.load(GROUP)
            assert await here.version() == 2
            await here.host.ready()

    asyncio.run(main())


def test_a_worker_that_cannot_speak_goes_on_when_it_can(
    models: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with machine(models) as here:
            in_the_way = here.file.folder / "reports"
            in_the_way.write_text("")
            assert await here.version() == 1
            async with asyncio.timeout(60):
                while "cannot be followed" not in caplog.text:
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.3)  # it has tried again
            in_the_way.unlink()
            second_version(models)
            await here.controller.load(GROUP)
            assert await here.version() == 2
            assert caplog.text.count("cannot be followed") == 1

    asyncio.run(main())
