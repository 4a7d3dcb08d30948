"""Opens versions of models: loaded one at a time, warmed up, and told of."""

import asyncio
import logging
import time
from pathlib import Path

from PIL import Image

from hikari_serve.errors import HikariError, NotFound, Unavailable
from hikari_serve.observer import Observer
from hikari_serve.pictures.view import Preprocessing, make_view
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, ClassifierConfig, DescriberConfig
from hikari_serve.scheduling.starting import starting
from hikari_serve.stage import Item
from hikari_serve.tasks.model import Model

logger = logging.getLogger(__name__)

WARM_UP_SECONDS = 600.0
"""How long the first answer of a loaded model may take before loading it counts as failed."""

SKIN = "#c89b82"
"""Colour of the picture that a model warms up on."""


class Opener:
    """Makes of a version's files what answers."""

    def __init__(self, repository: Repository, cores: int, locks: Path, observer: Observer) -> None:
        """Args:
        repository: Where the models lie.
        cores: Cores that this process may compute on.
        locks: Folder by which processes agree on who may use an accelerator.
        observer: Hears of loads, and of the batches of what was loaded.
        """
        self._repository = repository
        self._cores = cores
        self._locks = locks
        self._observer = observer
        self._loading = asyncio.Lock()

    async def open(self, name: str, version: int) -> Model:
        """Loads a version and has it give a first answer.

        Args:
            name: The model.
            version: The version.

        Raises:
            ConfigError: Configuration, weights or device are wrong.
            NotFound: There is no such model.
            Unavailable: The model gave no first answer.
        """
        async with self._loading:
            began = time.monotonic()
            try:
                model = await self._open(name, version)
            except Exception as error:
                known = isinstance(error, HikariError)
                reason = error.message if isinstance(error, HikariError) else repr(error)
                if not known:
                    logger.exception("loading %s failed", name)
                self._told(name, version, began, reason)
                raise error if known else Unavailable(reason) from error
            self._told(name, version, began, None)
            return model

    async def _open(self, name: str, version: int) -> Model:
        from hikari_serve.tasks.loading import load_model  # torch is imported only where it runs

        config = self._repository.config(name)
        hikari = config.hikari
        if isinstance(hikari, CascadeConfig):
            raise NotFound(f"'{name}' is a cascade: its models are what a stage hosts")
        device = hikari.engine.device
        async with starting(device, self._locks, turns=hikari.engine.turns) as lease:
            model = await asyncio.to_thread(
                load_model, self._repository, name, version, self._cores, self._observer
            )
            if lease:
                model.take_turns(lease)
            try:
                await model.infer(warm_up(config))
            except BaseException:
                await model.close()
                raise
        return model

    def _told(self, name: str, version: int, began: float, error: str | None) -> None:
        seconds = time.monotonic() - began
        how = f"cannot be loaded: {error}" if error else "is READY"
        logger.info("model %s version %d %s after %.1f s", name, version, how, seconds)
        self._observer.model_loaded(name, version, seconds, error)


def warm_up(config: ModelConfig) -> Item:
    """The first item of a model; its time begins when the weights are there."""
    hikari = config.hikari
    prompt = hikari.prompt if isinstance(hikari, ClassifierConfig | DescriberConfig) else None
    return Item(
        id="warm-up",
        model=config.name,
        view=make_view(Image.new("RGB", (64, 64), SKIN), Preprocessing()),
        deadline=time.time() + WARM_UP_SECONDS,
        inputs=prompt.longest(prompt.needs) if prompt else {},
    )
