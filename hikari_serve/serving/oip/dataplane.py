"""The protocol's questions, answered without any protocol; both doors translate to and from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hikari_serve.cascade.answer import CascadeAnswer
from hikari_serve.cascade.execution import Cascade
from hikari_serve.cascade.loads import LoadedCascade, stages_of, versions_by_model
from hikari_serve.errors import HikariError, InvalidInput, NotFound, Unavailable
from hikari_serve.hints import hint
from hikari_serve.quoting import quoted
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.controller import Controller
from hikari_serve.serving.ending import ending
from hikari_serve.serving.oip.cascade_model import VERSION, CascadeModel
from hikari_serve.serving.oip.catalogue import Catalogue
from hikari_serve.serving.oip.checks import before, check, given
from hikari_serve.serving.oip.columns import tensors_of
from hikari_serve.serving.oip.control import off
from hikari_serve.serving.oip.messages import InferRequest, InferResponse, OnPart, Parameter
from hikari_serve.serving.oip.parts import FINAL, teller
from hikari_serve.serving.oip.served import ServedModel
from hikari_serve.serving.oip.signature import Signature
from hikari_serve.serving.oip.statistics import Counted, Statistics
from hikari_serve.serving.readiness import Readiness
from hikari_serve.serving.request_id import is_harmless
from hikari_serve.stage import Hosted, State

NAME = "hikari-serve"

EXTENSIONS = (
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "parameters",
    "schedule_policy",
    "statistics",
)
"""Triton's names of what is done here besides the protocol's core."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model by its names; counts are of the newest."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What there is to know of a model before it is called."""

    name: str
    versions: Sequence[str]
    signature: Signature


class DataPlane:
    """Answers for the served cascades and for each of their models alone."""

    def __init__(
        self,
        cascades: Mapping[str, LoadedCascade],
        cascade: Cascade,
        repository: Repository,
        readiness: Readiness,
        statistics: Statistics,
        word: Callable[[CascadeAnswer], str],
        load: Sequence[str] = (),
        controller: Controller | None = None,
    ) -> None:
        """Args:
        cascades: Those that are served from the start.
        cascade: The one of them that `/diagnose` runs; its stages are all that run here.
        repository: Where all models lie, the served ones among them.
        readiness: Of its stages.
        statistics: Hears what the stages do.
        word: Writes a cascade's whole answer as JSON.
        load: What HIKARI_LOAD says.
        controller: Loads and unloads models; None where they stay as they are.
        """
        self._cascades = cascades
        self._repository = repository
        self._readiness = readiness
        self._statistics = statistics
        self._controller = controller
        self._catalogue = Catalogue(cascade, readiness, statistics, word)
        self._versions: dict[str, list[int]] = {}
        if controller is None:
            graphs = [each.graph for each in cascades.values()]
            for stage in stages_of(cascades):
                for model, its in versions_by_model(stage, graphs, repository, load).items():
                    self._versions[model] = sorted({*its, *self._versions.get(model, ())})

    async def ready(self) -> bool:
        """Whether requests may come."""
        ready, _ = await self._readiness.check()
        return ready

    async def model_ready(self, name: str, version: str = "") -> bool:
        """Whether a model's version answers; any of them, if none is named.

        Raises:
            NotFound: It is not served here.
        """
        model, _ = self._find(name, version)
        try:
            hosted = await model.describe()
        except HikariError:
            return False
        number = _number(version)
        return any(each.state is State.READY for each in hosted if number in (None, each.version))

    def metadata(self, name: str, version: str = "") -> Metadata:
        """What a model takes and gives.

        Raises:
            NotFound: It is not served here.
            Unavailable: None of its versions is loaded.
        """
        model, versions = self._answering(name, version)
        return Metadata(name, [str(each) for each in versions], model.signature)

    def statistics(self, name: str = "", version: str = "") -> Mapping[ModelVersion, Counted]:
        """What was counted of a model, or of all that are served.

        Raises:
            NotFound: It is not served here.
        """
        if name:
            found = {name: self._answering(name, version)[1]}
        else:
            loaded = {each: self._loaded(each, model) for each, model in self._models.items()}
            found = {each: _checked(each, version, its) for each, its in loaded.items() if its}
        return {
            ModelVersion(each, str(versions[-1])): self._statistics.of(each)
            for each, versions in found.items()
        }

    async def index(self, *, ready: bool = False) -> list[Hosted]:
        """Every model of the repository, with its state.

        Args:
            ready: Whether to leave out what does not answer.
        """
        rows: list[Hosted] = []
        models = self._models
        for name in self._repository.names():
            model = models.get(name)
            if model is None:
                rows += self._with_failures(name, [_row(name, "it is not loaded")])
                continue
            try:
                its = list(await model.describe())
            except HikariError as error:
                its = [_row(name, error.message, each) for each in self._loaded(name, model)]
            rows += self._with_failures(name, its)
        return [each for each in rows if each.state is State.READY or not ready]

    async def infer(self, request: InferRequest, on_part: OnPart | None = None) -> InferResponse:
        """Answers a request; cancelling the call stops its work.

        Args:
            request: What is asked.
            on_part: Hears of each stage as it ends, and the words of one that writes as they come;
                the returned answer is whole.

        Raises:
            NotFound: The model or its version is not served here.
            InvalidInput: The request does not fit what the model takes and gives.
            HikariError: An item could not be answered, and `error` was not asked for.
        """
        if is_harmless(request.id):
            request = replace(request, request_id=request.id)
            ending().called(request.id)
        model, versions = self._answering(request.model, request.version)
        newest = request.version or str(versions[-1])
        asked = before(request.deadline, check(request, model.signature))
        tell = (
            teller(replace(request, version=newest), asked, model.signature, on_part)
            if on_part
            else None
        )
        gave = await model.infer(request, asked, tell)
        outputs = tensors_of(
            given(asked, gave.outputs), model.signature.outputs, gave.items, asked.tolerant
        )
        parameters: dict[str, Parameter] = {FINAL: True} if on_part else {}
        return InferResponse(request.model, gave.version or newest, request.id, outputs, parameters)

    def controller(self) -> Controller:
        """What loads and unloads models.

        Raises:
            Unsupported: Control is off.
        """
        if self._controller is None:
            raise off()
        return self._controller

    @property
    def _models(self) -> Mapping[str, ServedModel]:
        """What is served now, by name."""
        now = self._cascades if self._controller is None else self._controller.cascades()
        return self._catalogue.models(now)

    def _answering(self, name: str, version: str) -> tuple[ServedModel, Sequence[int]]:
        """A model and its versions, of which there is one.

        Raises:
            NotFound: It is not served here.
            Unavailable: None of its versions is loaded.
        """
        model, versions = self._find(name, version)
        if not versions:
            raise Unavailable(f"model '{name}' is unloaded")
        return model, versions

    def _find(self, name: str, version: str) -> tuple[ServedModel, Sequence[int]]:
        """A model and its versions, the one that is named among them.

        It may go at any time: whoever answers for it looks it up once.

        Raises:
            NotFound: It is not served here.
        """
        models = self._models
        model = models.get(name)
        if model is None:
            near = hint(name, models, quote="'")
            raise NotFound(f"model '{quoted(name)}' is not loaded here; {near}")
        return model, _checked(name, version, self._loaded(name, model))

    def _loaded(self, name: str, model: ServedModel) -> Sequence[int]:
        """The versions of a model that are to answer."""
        if isinstance(model, CascadeModel):
            return [VERSION]
        if self._controller is None:
            return self._versions[name]
        return self._controller.versions(name)

    def _with_failures(self, name: str, rows: list[Hosted]) -> list[Hosted]:
        """A model's rows, which also say what could not be loaded, and why."""
        if self._controller is None:
            return rows
        failures = dict(self._controller.failures(name))
        told = [
            each.model_copy(update={"reason": f"it could not be loaded: {why}"})
            if (why := failures.pop(each.version, ""))
            else each
            for each in rows
        ]
        return [*told, *(_row(name, why, version) for version, why in failures.items())]


def _number(version: str) -> int | None:
    if not version:
        return None
    if not version.isdecimal() or not 0 < len(version) < 10:
        raise InvalidInput(f"version '{quoted(version)}' is no whole number")
    return int(version)


def _checked(name: str, version: str, there: Sequence[int]) -> Sequence[int]:
    """The versions of a model, the one that is named among them."""
    number = _number(version)
    if number is not None and number not in there:
        raise NotFound(
            f"version {number} of model '{name}' is not loaded here; "
            f"there is {', '.join(map(str, there)) or 'none'}"
        )
    return there


def _row(name: str, reason: str, version: int = 0) -> Hosted:
    return Hosted(model=name, version=version, state=State.UNAVAILABLE, reason=reason)
