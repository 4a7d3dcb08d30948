"""A host's table: what is loaded, loaded anew, refused and taken out, while it answers."""

import asyncio
import gc
import shutil
import threading
import weakref
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from hikari_serve.errors import ConfigError, InvalidInput, NotFound, Unavailable
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.update import remove
from hikari_serve.scheduling.job import Asked
from hikari_serve.stage import Item, State
from hikari_serve.tasks import host as hosting
from tests.scripted import REPOSITORY
from tests.tasks.hosted import host, item


def test_versions_stand_side_by_side_and_leave(models: Path) -> None:
    shutil.copytree(models / "demo_group" / "1", models / "demo_group" / "2")

    async def main() -> None:
        here = host(models)
        await here.load("demo_group", 1)
        await here.load("demo_group", 2)
        assert [(each.version, each.state) for each in here.versions] == [
            (1, State.READY),
            (2, State.READY),
        ]
        assert (await here.infer(item())).provenance.version == 2
        assert (await here.infer(item(1))).provenance.version == 1
        running = asyncio.create_task(here.infer(item(2)))
        await asyncio.sleep(0)
        await here.unload("demo_group", 2)
        assert running.done()  # what ran was answered before its weights went
        assert running.result().provenance.version == 2
        with pytest.raises(Unavailable, match="model 'demo_group' is UNAVAILABLE: unloaded"):
            await here.infer(item(2))
        with pytest.raises(NotFound, match="version 3 of model 'demo_group' is not hosted here"):
            await here.infer(item(3))
        assert (await here.infer(item())).provenance.version == 1
        await here.ready()
        hosted, left = await here.describe()
        assert (hosted.model, hosted.version, hosted.state) == ("demo_group", 1, "READY")
        assert hosted.provenance is not None
        assert len(hosted.provenance.weights) == 64
        assert (left.version, left.state, left.reason) == (2, "UNAVAILABLE", "unloaded")
        await here.unload("demo_group")
        with pytest.raises(Unavailable, match="unloaded"):
            await here.ready()
        await here.close()

    asyncio.run(main())


def test_a_model_that_needs_words_is_given_some_for_its_first_answer(models: Path) -> None:
    path = models / "demo_group" / "config.yaml"
    parts = yaml.safe_load(path.read_text())
    parts["triton"]["input"].append({"name": "group", "data_type": "TYPE_STRING", "dims": [1]})
    parts["hikari"]["prompt"] = "oracle_group"
    path.write_text(yaml.safe_dump(parts))

    async def main() -> None:
        here = host(models)
        await here.load("demo_group")
        with pytest.raises(InvalidInput, match="input 'group' is missing"):
            await here.infer(item())
        assert await here.infer(item().model_copy(update={"inputs": {"group": "benign"}}))
        await here.close()

    asyncio.run(main())


def test_a_load_that_fails_leaves_the_old_version_serving_and_says_why(models: Path) -> None:
    async def main() -> None:
        here = host(models)
        await here.load("demo_group")
        before = await here.infer(item())
        (models / "demo_group" / "1" / "config.json").write_text("{}")
        with pytest.raises(ConfigError, match="cannot be loaded"):
            await here.load("demo_group")
        (entry,) = here.versions
        assert entry.state is State.READY
        assert "it could not be loaded anew: " in entry.reason
        assert (await here.infer(item())).output == before.output
        await here.ready()
        await here.close()

    asyncio.run(main())


def test_a_model_that_was_loaded_anew_answers_with_its_new_weights(models: Path) -> None:
    async def main() -> None:
        here = host(models)
        await here.load("demo_group")
        before = await here.infer(item())
        (models / "demo_group" / "1" / "note.txt").write_text("other weights have other digests")
        asked = [asyncio.create_task(here.infer(item())) for _ in range(4)]
        await here.load("demo_group")
        after = await here.infer(item())
        assert after.output == before.output
        assert after.provenance.weights != before.provenance.weights
        assert {task.result().provenance.weights for task in asked} <= {
            before.provenance.weights,
            after.provenance.weights,
        }
        await here.close()

    asyncio.run(main())


def test_what_runs_when_its_model_is_replaced_may_end(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hosting, "DRAIN_SECONDS", 0.0)  # for what is unloaded alone

    async def main() -> None:
        here, free = host(models), threading.Event()
        await here.load("demo_group")
        (entry,) = here.versions
        old = entry.model
        assert old is not None
        prepare = old.prepare

        def slowly(item: Item) -> Asked:
            free.wait()
            return prepare(item)

        monkeypatch.setattr(old, "prepare", slowly)
        running = asyncio.create_task(here.infer(item()))
        await asyncio.sleep(0)
        loading = asyncio.create_task(here.load("demo_group"))
        while entry.model is old:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        free.set()
        await loading
        assert (await running).provenance == old.provenance
        await here.close()

    asyncio.run(main())


def test_what_is_prepared_answers_when_it_is_told_to(models: Path) -> None:
    shutil.copytree(models / "demo_group" / "1", models / "demo_group" / "2")

    async def main() -> None:
        here = host(models)
        await here.load("demo_group", 1)
        await here.prepare("demo_group", 2)
        assert [each.version for each in here.versions] == [1]
        assert (await here.infer(item())).provenance.version == 1
        await here.serve("demo_group", 2)
        assert (await here.infer(item())).provenance.version == 2
        await here.prepare("demo_group", 1)
        await here.discard("demo_group", 1)
        assert (await here.infer(item(1))).provenance.version == 1
        await here.close()

    asyncio.run(main())


def test_another_index_is_not_served_in_place_of_one_that_others_know(models: Path) -> None:
    name = "demo_references"
    shutil.copytree(REPOSITORY.folder(name), models / name)

    async def main() -> None:
        here = host(models)
        await here.load(name)
        await here.prepare(name, 1)  # with the same index it may be
        index = models / name / "1" / "index"
        with closing(ReferenceIndex.open(index)) as opened:
            case = opened.cases_held[0].id
        remove(index, [case])
        with pytest.raises(ConfigError, match="another than what answers: unload all models"):
            await here.prepare(name, 1)
        await here.unload(name)
        await here.load(name)
        await here.ready()
        await here.close()

    asyncio.run(main())


def test_other_labels_are_not_served_in_place_of_those_that_others_know(models: Path) -> None:
    async def main() -> None:
        here = host(models)
        await here.load("demo_group")
        labels = models / "demo_group" / "labels.yaml"
        labels.write_text(labels.read_text().replace("name: ", "name: other ", 1))
        with pytest.raises(ConfigError, match="others than what answers"):
            await here.prepare("demo_group", 1)
        await here.close()

    asyncio.run(main())


def test_nothing_is_left_of_a_model_that_was_replaced(models: Path) -> None:
    async def main() -> None:
        here = host(models)
        await here.load("demo_group")
        await here.infer(item())
        old = weakref.ref(next(iter(here.versions)).model)
        await here.load("demo_group")
        await asyncio.sleep(0)
        gc.collect()
        assert old() is None
        await here.close()

    asyncio.run(main())


def test_an_item_waits_for_its_model_as_long_as_it_can(models: Path) -> None:
    async def main() -> None:
        here = host(models)
        here.want("demo_group")
        with pytest.raises(Unavailable, match="is LOADING") as caught:
            await here.infer(item(seconds=0.05))
        assert caught.value.retry_after == 1
        waiting = asyncio.create_task(here.infer(item()))
        await here.start()
        assert (await waiting).provenance.model == "demo_group"
        await here.close()

    asyncio.run(main())


def test_none_of_its_models_answers_from_the_moment_it_is_closed(models: Path) -> None:
    shutil.copytree(models / "demo_group" / "1", models / "demo_group" / "2")

    async def main() -> None:
        here = host(models)
        await here.load("demo_group", 1)
        here.want("demo_group", 2)
        waiting = asyncio.create_task(here.infer(item(2)))
        starting = asyncio.create_task(here.start())
        await asyncio.sleep(0)
        closing = asyncio.create_task(here.close())
        await asyncio.sleep(0)
        for asked in (waiting, here.infer(item(1))):
            with pytest.raises(Unavailable, match="is UNAVAILABLE: its process ends"):
                await asked
        await asyncio.gather(starting, closing)
        assert [each.state for each in here.versions] == [State.UNAVAILABLE] * 2
        with pytest.raises(Unavailable, match="its process ends"):
            await here.ready()

    asyncio.run(main())


def test_a_cascade_and_a_stranger_are_refused(models: Path) -> None:
    shutil.copytree(REPOSITORY.folder("demo"), models / "demo")

    async def main() -> None:
        here = host(models)
        with pytest.raises(NotFound, match="is a cascade"):
            await here.load("demo")
        with pytest.raises(NotFound, match="did you mean 'demo_group'"):
            await here.load("demo_gruop")
        with pytest.raises(NotFound, match="hosted: "):
            await here.unload("demo_group")
        await here.close()

    asyncio.run(main())
