"""From a model's folder to a loaded `Model`: weights, labels, index, provenance."""

import asyncio
import logging
from contextlib import ExitStack
from importlib.metadata import version as installed_version

from hikari_serve.engines.contract import LanguageEngine
from hikari_serve.engines.registry import open_engine
from hikari_serve.errors import ConfigError
from hikari_serve.labels.calibration import read_calibration
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.observer import NOBODY, Observer
from hikari_serve.references.encoding import encoder_info, load_encoder
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.served import find_served_index, index_folder
from hikari_serve.repository.digest import weights_digest
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig, DescriberConfig, RetrieverConfig
from hikari_serve.repository.tensors import check_scores
from hikari_serve.repository.weights import find_weights
from hikari_serve.stage import Provenance
from hikari_serve.tasks.caption_room import CaptionRoom
from hikari_serve.tasks.classifier import Classifier
from hikari_serve.tasks.describer import Describer
from hikari_serve.tasks.model import Model
from hikari_serve.tasks.naming import ByScore, ByWords, Naming
from hikari_serve.tasks.opening import opening_of
from hikari_serve.tasks.retriever import Retriever

logger = logging.getLogger(__name__)


def load_model(
    repository: Repository, name: str, version: int, cores: int, observer: Observer = NOBODY
) -> Model:
    """Loads one version of a model; blocking, for minutes where the weights are large.

    What the engine is not needed for comes before it, and when that fails nothing has taken its
    memory. Called outside of an event loop.

    Args:
        repository: Where the model lies.
        name: The model.
        version: Its version.
        cores: Cores that this process may compute on.
        observer: Hears of its batches.

    Raises:
        ConfigError: The configuration, the weights, the labels or the index are wrong, or the
            device is not on this machine.
    """
    config = repository.config(name)
    hikari = config.hikari
    if isinstance(hikari, CascadeConfig):
        raise ConfigError(f"'{name}' is a cascade: it has no weights to load")
    weights = find_weights(repository, name, version)
    provenance = Provenance(
        model=name,
        version=version,
        config=config.digest,
        weights=weights_digest(weights.own),
        revision=weights.revision,
        base=weights_digest(weights.folder) if weights.adapter else None,
        engine=f"transformers {installed_version('transformers')}",
        dtype=hikari.engine.dtype,
        preprocessing=hikari.preprocessing.id,
    )
    if isinstance(hikari, RetrieverConfig):
        index = ReferenceIndex.open(
            index_folder(repository, config, version), encoder_info(config, weights)
        )
        with ExitStack() as undo:
            undo.callback(index.close)
            encoder = load_encoder(config, weights, cores)
            undo.pop_all()
        provenance = provenance.model_copy(update={"index": index.digest})
        return Retriever(config, provenance, encoder, index, observer)
    provenance = provenance.model_copy(
        update={"prompt": hikari.prompt.version, "thinking": hikari.thinking}
    )
    opening = opening_of(config, weights.folder, adapter=weights.adapter, cores=cores)
    if isinstance(hikari, DescriberConfig):
        engine = open_engine(config.triton.backend, opening)
        return Describer(config, _of_engine(provenance, engine), engine, observer)
    labels = LabelSet.find(hikari.labels, repository.folder(name))
    check_scores(config.triton, len(labels.labels))
    calibration = read_calibration(weights.own) if hikari.decoding == "score" else None
    provenance = provenance.model_copy(
        update={
            "labels": labels.version,
            "decoding": hikari.decoding,
            "temperature": calibration.temperature if calibration else None,
        }
    )
    cases = find_served_index(repository, hikari.index) if hikari.index else None
    with ExitStack() as undo:
        if cases:
            undo.callback(cases.close)
        room = CaptionRoom.measure(hikari, weights.folder, cases.cases_held) if cases else None
        for sentence in room.told(name, cases.cases_held) if cases and room else ():
            logger.warning(sentence)
        engine = open_engine(config.triton.backend, opening)
        undo.callback(lambda: asyncio.run(engine.close()))
        naming: Naming
        if hikari.decoding == "score":
            naming = ByScore(labels, hikari, engine, calibration)
        else:
            naming = ByWords(labels, hikari)
        undo.pop_all()
    provenance = _of_engine(provenance, engine)
    return Classifier(config, provenance, engine, naming, cases, room, observer)


def _of_engine(provenance: Provenance, engine: LanguageEngine) -> Provenance:
    return provenance.model_copy(
        update={"engine": engine.release, "quantization": engine.quantization}
    )
