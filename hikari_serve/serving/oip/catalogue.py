"""The models that are called by their names: the served cascades, and each of their models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hikari_serve.cascade.answer import CascadeAnswer
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.loads import LoadedCascade
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.serving.oip.cascade_model import CascadeModel
from hikari_serve.serving.oip.served import ServedModel
from hikari_serve.serving.oip.stage_model import StageModel
from hikari_serve.serving.oip.statistics import Statistics
from hikari_serve.serving.readiness import Readiness


@dataclass(frozen=True, slots=True)
class _Entry:
    """A cascade with its models, as they were made when it was first seen."""

    loaded: LoadedCascade
    models: Mapping[str, ServedModel]


class Catalogue:
    """Makes what answers for each cascade, when it is first seen."""

    def __init__(
        self,
        cascade: Cascade,
        readiness: Readiness,
        statistics: Statistics,
        word: Callable[[CascadeAnswer], str],
    ) -> None:
        """Args:
        cascade: The one that `/diagnose` runs; its stages are all that run here.
        readiness: Of its stages.
        statistics: Counts what they do.
        word: Writes a cascade's whole answer as JSON.
        """
        self._cascade = cascade
        self._readiness = readiness
        self._statistics = statistics
        self._word = word
        self._entries: dict[str, _Entry] = {}
        self._seen: Mapping[str, LoadedCascade] | None = None
        self._models: dict[str, ServedModel] = {}

    def models(self, served: Mapping[str, LoadedCascade]) -> Mapping[str, ServedModel]:
        """What answers, by name.

        Args:
            served: The cascades that are served now; the very same while they are.
        """
        if served is not self._seen:
            self._entries = {name: self._entry(name, its) for name, its in served.items()}
            self._models = {}
            for entry in self._entries.values():
                self._models = {**entry.models, **self._models}
            self._seen = served
        return self._models

    def _entry(self, name: str, loaded: LoadedCascade) -> _Entry:
        known = self._entries.get(name)
        if known is not None and known.loaded is loaded:
            return known
        cascade, readiness = self._cascade, self._readiness
        if name != cascade.name:
            stages = {node.name: cascade.stages[node.name] for node in loaded.graph.nodes}
            readiness = Readiness(stages, loaded.graph.headline)
            its = cascade.decoder, cascade.observer
            cascade = Cascade(loaded.config, loaded.graph, stages, *its)
            self._statistics.also(name, loaded.graph)
        whole = CascadeModel(loaded.config, cascade, readiness, self._statistics, self._word)
        return _Entry(loaded, {name: whole, **self._alone(cascade)})

    def _alone(self, cascade: Cascade) -> dict[str, ServedModel]:
        """Each of the cascade's models by itself."""
        found: dict[str, ServedModel] = {}
        hosts = {node.config.name: cascade.stages[node.name] for node in cascade.graph.nodes}
        for node in cascade.graph.nodes:
            own = node.config.hikari
            index = own.index if isinstance(own, ClassifierConfig) else None
            reads = hosts.get(index) if index is not None else None
            model = StageModel(cascade, node, reads, self._statistics)
            found.setdefault(node.config.name, model)
        return found
