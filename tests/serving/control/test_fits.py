"""What is to be loaded must fit the memory and the shares of a GPU."""

from dataclasses import replace
from pathlib import Path

import pytest

from hikari_serve.cascade.loads import read_cascades
from hikari_serve.errors import ConfigError
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import EngineConfig
from hikari_serve.serving.control import fits
from hikari_serve.serving.control.cascades import Cascades
from hikari_serve.serving.control.desired import LEFT
from hikari_serve.serving.control.opening import first
from hikari_serve.serving.control.scope import Scope
from hikari_serve.settings import Settings, StageSettings
from tests.scripted import REPOSITORY
from tests.serving.control.machine import GROUP, edit, other_cascade


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
