"""What a load or an unload touches: stages of this machine, models, versions."""

from collections.abc import Mapping, Sequence

from hikari_serve.cascade.graph import Node
from hikari_serve.cascade.loads import LoadedCascade, versions_of
from hikari_serve.cascade.requirements import require
from hikari_serve.errors import ConfigError, NotFound, Unsupported
from hikari_serve.hints import hint
from hikari_serve.quoting import quoted
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import CascadeConfig
from hikari_serve.serving.control.cascades import Cascades
from hikari_serve.serving.control.desired import LEFT, Desired, Models, Versions
from hikari_serve.serving.control.fits import Coming, check_room, check_same
from hikari_serve.settings import HERE, Settings

Touched = Mapping[str, Models]
"""For each stage its models that change, and the versions of them that are to answer."""


class Scope:
    """Reads what is meant from the repository as it is now, and refuses what cannot be."""

    def __init__(self, settings: Settings, stages: Sequence[str], cascades: Cascades) -> None:
        """Args:
        settings: Says where each stage runs, and in how many processes.
        stages: Those that have runners.
        cascades: Those that are served.
        """
        self._settings = settings
        self._stages = stages
        self._cascades = cascades
        self._repository = Repository.of(settings)

    def workers(self, stage: str) -> int:
        """How many processes run a stage."""
        return self._settings.processes(stage)

    def is_cascade(self, model: str) -> bool:
        """Whether it is a cascade that may come and go; else it is a model of one, or nothing.

        Raises:
            ConfigError: Nothing that is served has it, and its configuration is wrong.
            Unsupported: It is the cascade that stays.
        """
        if model == self._settings.cascade:
            raise Unsupported(
                f"cascade '{model}' is served as long as the server runs; its models come and go"
            )
        if model in self._cascades.now() or self._nodes(model):
            return model in self._cascades.now()
        try:
            return isinstance(self._repository.config(model).hikari, CascadeConfig)
        except NotFound:
            return False

    def loading(self, model: str, before: Desired) -> Touched:
        """A model with the versions that its policy chooses now, and those that cascades pin.

        Raises:
            ConfigError: They cannot be loaded beside what runs.
            NotFound: No cascade that is served has it.
            Unsupported: It runs on another machine.
        """
        nodes = self._own(model)
        try:
            config = self._repository.config(model)
        except NotFound as error:
            raise ConfigError(error.message) from None  # it was there at start
        check_same(config, nodes[0].config)
        versions = {each for node in nodes for each in versions_of(node, self._repository)}
        loaded = dict.fromkeys(sorted(versions), before.revision + 1)
        stages = {node.name for node in nodes}
        self._check_room([Coming(config, versions, sum(map(self.workers, stages)))], before)
        return {node.name: {model: loaded} for node in nodes}

    def loading_cascade(self, cascade: str, before: Desired) -> Touched:
        """What a cascade needs that is not there.

        Raises:
            ConfigError: It is wrong, or what it needs cannot be loaded beside what runs.
            Unsupported: A stage of it runs on another machine, or nowhere.
        """
        read = LoadedCascade.read(cascade, self._repository)
        touched: dict[str, dict[str, Versions]] = {}
        coming = []
        for node in read.graph.nodes:
            if node.name not in self._stages:
                raise Unsupported(
                    f"cascade '{cascade}' has a stage '{node.name}', which has no runner here: "
                    "name the cascade in HIKARI_LOAD, and start the server anew"
                )
            self._check_here(node)
            for other in self._nodes(node.config.name):
                check_same(node.config, other.config)
            its = before.stages[node.name].get(node.config.name, {})
            there = [version for version, loaded in its.items() if loaded != LEFT]
            if there and node.version in (None, *there):
                continue
            added = dict.fromkeys(versions_of(node, self._repository), before.revision + 1)
            touched.setdefault(node.name, {})[node.config.name] = added
            coming.append(Coming(node.config, added, self.workers(node.name)))
        require(self._repository, cascade, read.graph, read.graph.steps)
        self._check_room(coming, before)
        return touched

    def leaving(self, model: str) -> Touched:
        """A model, wherever it runs.

        Raises:
            NotFound: No cascade that is served has it.
            Unsupported: It runs on another machine.
        """
        return {node.name: {model: {}} for node in self._own(model)}

    def leaving_cascade(self, cascade: str) -> Touched:
        """The models of a cascade that no other needs."""
        served = self._cascades.now()
        own = served[cascade].graph.nodes if cascade in served else ()
        needed = {
            (node.name, node.config.name)
            for name, its in served.items()
            for node in its.graph.nodes
            if name != cascade
        }
        touched: dict[str, dict[str, Versions]] = {}
        for node in own:
            if (node.name, node.config.name) not in needed:
                touched.setdefault(node.name, {})[node.config.name] = {}
        return touched

    def _nodes(self, model: str) -> list[Node]:
        served = self._cascades.now().values()
        return [node for its in served for node in its.graph.nodes if node.config.name == model]

    def _own(self, model: str) -> list[Node]:
        """The stages that run a model, all of them on this machine."""
        nodes = self._nodes(model)
        if not nodes:
            served = self._cascades.now()
            models = [node.config.name for its in served.values() for node in its.graph.nodes]
            near = hint(model, [*served, *models], quote="'")
            raise NotFound(f"no cascade that is served has a model '{quoted(model)}'; {near}")
        for node in nodes:
            self._check_here(node)
        return nodes

    def _check_here(self, node: Node) -> None:
        place = self._settings.of_stage(node.name).runner
        if place not in HERE:
            raise Unsupported(
                f"model '{node.config.name}' runs on another machine ({place}), which shares no "
                "file with this server: set HIKARI_LOAD where its stage is started, and roll it out"
            )

    def _check_room(self, coming: Sequence[Coming], before: Desired) -> None:
        """Counts what runs on this machine: of what is served that which is loaded."""
        here = self._settings.here(self._stages)
        served = [node for its in self._cascades.now().values() for node in its.graph.nodes]
        models = {
            (node.name, node.config.name): node.config for node in served if node.name in here
        }
        beside = [
            config
            for (stage, model), config in models.items()
            for loaded in before.stages.get(stage, {}).get(model, {}).values()
            if loaded != LEFT
            for _ in range(self.workers(stage))
        ]
        check_room(self._repository, self._settings.cascade, coming, beside)
