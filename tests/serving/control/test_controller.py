"""A model's versions come and go in one worker's host, as the controller of a server says."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hikari_serve.cascade.loads import read_cascades
from hikari_serve.errors import ConfigError, DeadlineExceeded, NotFound, Unavailable, Unsupported
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import EngineConfig
from hikari_serve.serving.control import controller as controlling
from hikari_serve.serving.control import fits
from hikari_serve.serving.control.cascades import Cascades
from hikari_serve.serving.control.controller import Controller
from hikari_serve.serving.control.desired import LEFT, DesiredFile
from hikari_serve.serving.control.keeper import Keeper
from hikari_serve.serving.control.opening import first
from hikari_serve.serving.control.reports import Report, tell, told
from hikari_serve.serving.control.scope import Scope
from hikari_serve.settings import Settings, StageSettings
from hikari_serve.stage import Item
from hikari_serve.tasks.host import Host
from tests.scripted import REPOSITORY
from tests.tasks.test_host import VIEW

GROUP = "demo_group"
OTHER = """
triton:
  name: other
  platform: ensemble
  input: [{name: image, data_type: TYPE_STRING, dims: [-1]}]
  output: [{name: group.label, data_type: TYPE_STRING, dims: [-1]}]
  ensemble_scheduling:
    step:
      - model_name: other_group
        model_version: -1
        input_map: {image: image}
        output_map: {label: group.label}
hikari: {kind: cascade}
"""


@dataclass
class Machine:
    """The group stage of the demo in this process, and who controls it."""

    models: Path
    file: DesiredFile
    host: Host
    controller: Controller

    async def version(self, model: str = GROUP) -> int:
        """The version that answers now."""
        item = Item(id="i", model=model, view=VIEW, deadline=time.time() + 60)
        return (await self.host.infer(item)).provenance.version


@asynccontextmanager
async def machine(models: Path, workers: int = 1) -> AsyncIterator[Machine]:
    settings = Settings(
        models=models, locks=models, stages={"group": StageSettings("inline")}, workers=workers
    )
    repository = Repository(models)
    cascades = read_cascades("demo", [], repository)
    folder = models.parent / "control"
    folder.mkdir()
    file = DesiredFile(folder)
    nodes = cascades["demo"].graph.nodes
    file.begin(first(cascades, {node.name: {node.config.name: [1]} for node in nodes}))
    host = Host(repository, cores=1, locks=models)
    keeper = Keeper("group", host, file.read().stages["group"], file)
    keeping = asyncio.create_task(keeper.run())
    controller = Controller(DesiredFile(folder), settings, cascades)
    try:
        yield Machine(models, file, host, controller)
    finally:
        await controller.close()
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await host.close()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    root = tmp_path / "models"
    shutil.copytree(REPOSITORY.root, root, ignore=shutil.ignore_patterns("*.npz"))
    return root


def second_version(models: Path) -> Path:
    folder = models / GROUP / "2"
    shutil.copytree(models / GROUP / "1", folder)
    return folder


def flip(path: Path) -> None:
    """Flips a byte in the header, which says how long each tensor is."""
    content = bytearray(path.read_bytes())
    content[20] ^= 0xFF
    path.write_bytes(content)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


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


def other_cascade(models: Path) -> None:
    """A cascade of one stage, of which the demo has one too, with a model of its own."""
    shutil.copytree(models / GROUP, models / "other_group")
    edit(models / "other_group" / "config.yaml", "name: demo_group", "name: other_group")
    (models / "other").mkdir()
    (models / "other" / "config.yaml").write_text(OTHER)


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


def test_what_takes_more_memory_than_is_free_is_not_tried(models: Path) -> None:
    repository = Repository(models)
    config = repository.config(GROUP)
    one, two = fits.Coming(config, [1], processes=1), fits.Coming(config, [1], processes=2)
    fits.check_room(repository, "demo", [one], [config])
    with pytest.raises(ConfigError, match=r"take 0\.\d GB in each of 2 processes, and 0\.0 GB are"):
        fits.check_room(repository, "demo", [two], [config], free=1000)
    size = (models / GROUP / "1" / "model.safetensors").stat().st_size
    fits.check_room(repository, "demo", [one], [config], free=size)
    with pytest.raises(ConfigError, match="unload something first"):  # both at once
        fits.check_room(repository, "demo", [one, one], [config], free=size)
    large = REPOSITORY.config("sirius")
    large.triton.backend = "vllm"
    large = replace(
        large, hikari=large.hikari.model_copy(update={"engine": EngineConfig(device="cuda")})
    )
    with pytest.raises(ConfigError, match=r"sirius and sirius \(anew\) would take 1\.84 times the"):
        fits.check_room(REPOSITORY, "hikari", [fits.Coming(large, [1], processes=1)], [large])


def test_an_unloaded_model_leaves_its_share_of_a_gpu_to_what_is_loaded(models: Path) -> None:
    config = models / GROUP / "config.yaml"
    edit(config, "backend: transformers", "backend: vllm")
    edit(config, "device: cpu", "device: cuda")
    settings = Settings(models=models, stages={"group": StageSettings("inline")})
    served = read_cascades("demo", [], Repository(models))
    scope = Scope(settings, ["group"], Cascades(served, Repository(models), None))
    before = first(served, {"group": {GROUP: [1]}})
    with pytest.raises(ConfigError, match=r"demo_group and demo_group \(anew\) would take 1\.84"):
        scope.loading(GROUP, before)
    unloaded = before.model_copy(update={"stages": {"group": {GROUP: {1: LEFT}}}})
    assert list(scope.loading(GROUP, unloaded)) == ["group"]
    other_cascade(models)
    with pytest.raises(ConfigError, match="demo_group and other_group would take"):
        scope.loading_cascade("other", before)
    assert list(scope.loading_cascade("other", unloaded)["group"]) == ["other_group"]


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


def test_the_dead_have_no_say(tmp_path: Path) -> None:
    process = os.spawnlp(os.P_NOWAIT, "true", "true")
    os.waitpid(process, 0)
    for each in (process, os.getpid()):
        tell(tmp_path, Report(stage="group", process=each, revision=3))
    assert [each.process for each in told(tmp_path)] == [os.getpid()]
