"""A model's versions come and go in one worker's host, as the controller of a server says."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hikari_serve.cascade.loads import read_cascades
from hikari_serve.errors import ConfigError, DeadlineExceeded, NotFound, Unavailable, Unsupported
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control import controller as controlling
from hikari_serve.serving.control.controller import Controller
from hikari_serve.settings import Settings, StageSettings
from tests.serving.control.machine import GROUP, edit, flip, machine, second_version


def test_a_version_is_loaded_beside_the_old_one_and_then_replaces_it(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            assert await here.version() == 1
            second_version(models)
            loading = asyncio.create_task(here.controller.load(GROUP))
            answered = [1]
            while not loading.done():
                answered.append(await here.version())
            await loading
            assert answered == sorted(answered)  # never back to the old one
            assert answered.count(1) > 1  # which answered meanwhile
            assert await here.version() == 2
            assert here.controller.versions(GROUP) == [2]
            told = {each.version: (each.state, each.reason) for each in await here.host.describe()}
            assert told == {1: ("UNAVAILABLE", "unloaded"), 2: ("READY", "")}

    asyncio.run(main())


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda models: flip(second_version(models) / "model.safetensors"), "version 2: "),
        (lambda models: edit(models / GROUP / "config.yaml", "kind: classify", "kind: guess"), ""),
        (
            lambda models: edit(models / GROUP / "config.yaml", "max_side: ", "max_side: 1"),
            "the config.yaml of model 'demo_group' is another than at start",
        ),
        (lambda models: shutil.rmtree(models / GROUP), "no model 'demo_group'"),
    ],
    ids=["weights", "wrong", "other", "gone"],
)
def test_what_cannot_be_loaded_leaves_the_old_version_answering(
    models: Path, spoil: Callable[[Path], object], why: str
) -> None:
    async def main() -> None:
        async with machine(models) as here:
            assert await here.version() == 1
            spoil(models)
            with pytest.raises(
                ConfigError, match="model 'demo_group' goes on as it was: "
            ) as caught:
                await here.controller.load(GROUP)
            assert why in caught.value.message
            assert await here.version() == 1
            await here.host.ready()
            assert here.controller.versions(GROUP) == [1]
            (reason,) = here.controller.failures(GROUP).values()
            assert reason in caught.value.message

    asyncio.run(main())


def test_a_failure_is_forgotten_when_the_model_is_mended(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            broken = second_version(models) / "model.safetensors"
            flip(broken)
            with pytest.raises(ConfigError):
                await here.controller.load(GROUP)
            assert list(here.controller.failures(GROUP)) == [2]
            flip(broken)
            await here.controller.load(GROUP)
            assert not here.controller.failures(GROUP)
            assert await here.version() == 2

    asyncio.run(main())


def test_an_unload_lets_end_what_runs_and_a_load_brings_the_model_back(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            assert await here.version() == 1
            running = asyncio.create_task(here.version())
            await asyncio.sleep(0)
            await here.controller.unload(GROUP)
            assert running.done()
            assert running.result() == 1
            with pytest.raises(Unavailable, match="unloaded"):
                await here.version()
            with pytest.raises(Unavailable, match="unloaded"):
                await here.host.ready()
            assert here.controller.versions(GROUP) == []
            await here.controller.unload(GROUP)  # again, for nothing
            await here.controller.load(GROUP)
            assert await here.version() == 1
            await here.host.ready()

    asyncio.run(main())


def test_all_workers_must_agree_within_the_deadline(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controlling, "AGREE_SECONDS", 5.0)

    async def main() -> None:
        async with machine(models, workers=2) as here:  # the other one never says a word
            assert await here.version() == 1
            second_version(models)
            with pytest.raises(DeadlineExceeded, match="only 1 of 2 workers of group"):
                await here.controller.load(GROUP)
            assert await here.version() == 1
            assert "1 of 2 workers" in here.controller.failures(GROUP)[2]
            assert here.file.read().trial is None

    asyncio.run(main())


def test_a_caller_who_leaves_does_not_stop_a_load(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            assert await here.version() == 1
            second_version(models)
            loading = asyncio.create_task(here.controller.load(GROUP))
            await asyncio.sleep(0.3)
            loading.cancel()
            async with asyncio.timeout(60):
                while here.controller.versions(GROUP) != [2]:
                    await asyncio.sleep(0.05)

    asyncio.run(main())


def test_what_is_no_model_here_is_refused(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            for call in (here.controller.load, here.controller.unload):
                with pytest.raises(NotFound, match="did you mean 'demo_group'"):
                    await call("demo_gruop")
                with pytest.raises(Unsupported, match="as long as the server runs"):
                    await call("demo")
            away = Settings(models=models, stages={"group": StageSettings("http://group:3000")})
            cascades = read_cascades("demo", [], Repository(models))
            with pytest.raises(Unsupported, match="set HIKARI_LOAD where its stage is started"):
                await Controller(here.file, away, cascades).load(GROUP)

    asyncio.run(main())
