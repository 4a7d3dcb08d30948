"""Cascades come and go with the models that no other needs."""

import asyncio
from pathlib import Path

import pytest

from hikari_serve.cascade.loads import read_cascades
from hikari_serve.errors import ConfigError, NotFound, Unavailable, Unsupported
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.cascades import Cascades
from tests.serving.control.machine import OTHER, edit, flip, machine, other_cascade


def test_another_cascade_comes_with_its_models_and_goes_with_them(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            other_cascade(models)
            await here.controller.load("other")
            assert list(here.controller.cascades()) == ["demo", "other"]
            assert await here.version("other_group") == 1
            assert await here.version() == 1
            await here.controller.load("other_group")
            await here.controller.unload("other")
            assert list(here.controller.cascades()) == ["demo"]
            with pytest.raises(Unavailable, match="model 'other_group' is UNAVAILABLE: unloaded"):
                await here.version("other_group")
            assert await here.version() == 1
            await here.host.ready()
            with pytest.raises(NotFound, match="no cascade that is served has a model 'other_gro"):
                await here.controller.load("other_group")

    asyncio.run(main())


def test_a_cascade_that_cannot_be_loaded_is_told_why(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            other_cascade(models)
            flip(models / "other_group" / "1" / "model.safetensors")
            with pytest.raises(ConfigError, match="'other' goes on as it was: other_group version"):
                await here.controller.load("other")
            assert list(here.controller.cascades()) == ["demo"]
            assert list(here.controller.failures("other_group")) == [1]
            edit(models / "other" / "config.yaml", "group.label", "sort.label")
            with pytest.raises(Unsupported, match="a stage 'sort', which has no runner here"):
                await here.controller.load("other")

    asyncio.run(main())


def test_a_failure_of_a_cascade_is_forgotten_when_it_is_mended(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            other_cascade(models)
            config = models / "other" / "config.yaml"
            edit(config, "model_name: other_group", "model_name: other_gruop")
            with pytest.raises(ConfigError, match="'other' goes on as it was"):
                await here.controller.load("other")
            assert list(here.controller.failures("other")) == [0]
            edit(config, "model_name: other_gruop", "model_name: other_group")
            await here.controller.load("other")
            assert list(here.controller.cascades()) == ["demo", "other"]
            assert not here.controller.failures("other")

    asyncio.run(main())


def test_a_cascade_that_a_worker_could_not_read_costs_it_no_other(models: Path) -> None:
    async def main() -> None:
        async with machine(models) as here:
            other_cascade(models)
            await here.controller.load("other")
            config = models / "other" / "config.yaml"
            edit(config, "model_name: other_group", "model_name: other_gruop")
            repository = Repository(models)
            late = Cascades(read_cascades("demo", [], repository), repository, here.file)
            assert list(late.now()) == ["demo"]
            third = models / "third" / "config.yaml"
            third.parent.mkdir()
            third.write_text(OTHER.replace("other", "third").replace("third_group", "demo_group"))
            await here.controller.load("third")
            assert list(late.now()) == ["demo", "third"]
            edit(config, "model_name: other_gruop", "model_name: other_group")
            await here.controller.unload("third")
            assert list(late.now()) == ["demo", "other"]

    asyncio.run(main())
