"""The work behind `hikari index`: a reference model's encoder, and what is done with it."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hikari_serve.cascade.wiring import read_graph
from hikari_serve.cli.index.checks import mind_the_readers, whole
from hikari_serve.cli.index.sources import Choice, choose, read
from hikari_serve.cli.terminal import Bar, hush_transformers
from hikari_serve.engines.encoders import Encoded
from hikari_serve.errors import ConfigError, InvalidInput, NotFound
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import content_hash
from hikari_serve.references.builder import build
from hikari_serve.references.encoding import CaseEncoder, open_encoder
from hikari_serve.references.index import Match, ReferenceIndex
from hikari_serve.references.manifest import MANIFEST, Fingerprint, Manifest
from hikari_serve.references.served import index_folder
from hikari_serve.references.sources.collection import Collection, Report
from hikari_serve.references.sources.npz import NpzIndex
from hikari_serve.references.sources.npz_embeddings import usable
from hikari_serve.references.store import Case
from hikari_serve.references.update import add
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import RetrieverConfig
from hikari_serve.repository.weights import find_weights
from hikari_serve.settings import Settings, available_cores
from hikari_serve.tasks.retriever import query_of


class Found(NamedTuple):
    """A case that a search found."""

    match: Match
    case: Case


class Gathered(NamedTuple):
    """What was chosen of a source, with the embeddings that an .npz brings."""

    collection: Collection
    npz: NpzIndex | None


@dataclass(frozen=True, slots=True)
class Workshop:
    """A reference model, opened for the work on its index.

    Attributes:
        repository: Where it lies.
        config: Its configuration.
        settings: Its own part of that.
        cores: Cores to compute on.
    """

    repository: Repository
    config: ModelConfig
    settings: RetrieverConfig
    cores: int

    @classmethod
    def open(cls, name: str | None) -> "Workshop":
        """Finds a reference model; None takes that of the served cascade.

        Raises:
            ConfigError: It is no reference model, or the cascade has none.
            NotFound: There is no such model.
        """
        settings = Settings.from_environment()
        repository = Repository.of(settings)
        config = repository.config(name) if name else _of_cascade(repository, settings.cascade)
        if not isinstance(config.hikari, RetrieverConfig):
            raise ConfigError(f"model '{config.name}' is none of the task `references`")
        return cls(repository, config, config.hikari, settings.threads or available_cores())

    def own_folder(self) -> Path:
        """Where this model looks for its index.

        Raises:
            InvalidInput: Its index came with its weights, and is not to be overwritten.
        """
        _mind_what_came(self.config, "name another folder with --out")
        return index_folder(self.repository, self.config)

    def gather(self, choice: Choice, labels: str | None, index: Path | None = None) -> Gathered:
        """Chooses the cases of a source.

        Args:
            choice: Which.
            labels: The label set by name, path or `none`; None takes the model's own.
            index: Whose cases are not wanted once more.

        Raises:
            InvalidInput: The source is not what it should be.
            ConfigError: The index or the label set is wrong.
        """
        held: tuple[Fingerprint, ...] = ()
        if index is not None:
            with closing(ReferenceIndex.open(index)) as opened:
                held = opened.cases_held
        listing, npz = read(choice)
        collection = choose(listing, self._labels(labels), held, outside=choice.outside)
        self._mind_the_licence(choice, collection.report)
        mind_the_readers(self.repository, self.config.name, collection)
        return Gathered(collection, npz)

    def build(self, gathered: Gathered, out: Path, *, strict: bool) -> Manifest:
        """Builds an index; `strict` as `whole`, errors as `whole` and `builder.build`."""
        collection, npz = gathered
        whole(collection, strict=strict)
        with closing(self._encoder()) as encoder:
            known = list(usable(npz, collection, encoder, self._hub())) if npz else []
            with Bar("Embedding", total=len(collection.entries)) as bar:
                return build(
                    collection.cases(),
                    encoder.images,
                    encoder.info,
                    out,
                    progress=bar.reach,
                    embed_texts=encoder.texts if encoder.info.text else None,
                    known=known,
                    on_bad=None if strict else collection.bad,
                )

    def add(self, gathered: Gathered, folder: Path, *, strict: bool) -> Manifest:
        """Adds to an index; `strict` as `whole`, errors as `whole` and `update.add`."""
        collection, _ = gathered
        whole(collection, strict=strict)
        with closing(self._encoder()) as encoder, Bar("Embedding") as bar:
            return add(
                folder,
                collection.cases(),
                encoder.images,
                encoder.info,
                embed_texts=encoder.texts if encoder.info.text else None,
                progress=bar.reach,
                on_bad=None if strict else collection.bad,
            )

    def search(
        self,
        image: Path,
        folder: Path | None,
        k: int | None,
        description: str | None,
        alpha: float | None,
    ) -> list[Found]:
        """Finds the cases most like a picture; arguments None take the model's own.

        Raises:
            InvalidInput: The picture cannot be read, or the model compares no words.
            ConfigError: The index is missing, damaged, or another encoder's.
        """
        data = image.read_bytes()
        picture = open_image(data, PictureLimits())
        place = folder or index_folder(self.repository, self.config)
        with (
            closing(self._encoder()) as encoder,
            closing(ReferenceIndex.open(place, encoder.info)) as index,
            Bar("Searching"),
        ):
            text = None
            if description is not None:
                text = encoder.engine.embed_texts([description], query=True)[0]
            encoded = Encoded(encoder.images([picture])[0], text)
            query = query_of(encoded, self.settings, content_hash(data), alpha)
            matches = index.search(query, k or self.settings.top_k)
            return [Found(match, index.case(match.case_id)) for match in matches.best]

    def _encoder(self) -> CaseEncoder:
        version = self.repository.served_versions(self.config)[-1]
        weights = find_weights(self.repository, self.config.name, version)
        with Bar(f"Loading {self.config.name}"):
            hush_transformers()
            return open_encoder(self.config, weights, self.cores)

    def _labels(self, name: str | None) -> LabelSet | None:
        """The label set that is asked for: by a name, a path from here, or the model's own."""
        if name == "none":
            return None
        if name is not None:
            return LabelSet.find(name, Path())
        own = self.settings.labels
        return LabelSet.find(own, self.repository.folder(self.config.name)) if own else None

    def _mind_the_licence(self, choice: Choice, report: Report) -> None:
        shown = self.settings.expose
        if choice.kind in ("skincap", "npz") and shown != "ids":
            report.notes.append(
                f"model '{self.config.name}' shows `{shown}` of its cases, and SkinCAP may not be "
                "passed on: set `expose: ids` before others can reach it"
            )

    def _hub(self) -> str:
        source = self.settings.source
        return source.hub or "" if source else ""


def find_index(index: str, *, to_change: bool = False) -> tuple[Path, str]:
    """The folder of an index, and the name of the model that made it.

    Args:
        index: A folder, or the name of a reference model that has an index.
        to_change: Whether its cases are to be others.

    Raises:
        ConfigError: There is none.
        InvalidInput: It is to be changed, and came with the weights of the model of this name.
    """
    folder = Path(index)
    if not (folder / MANIFEST).is_file():
        repository = Repository.of(Settings.from_environment())
        try:
            config = repository.config(index)
            folder = index_folder(repository, config)
        except NotFound:
            raise ConfigError(
                f"there is no reference index in {index}, and no model of that name; "
                "build one with `hikari index build`"
            ) from None
        if to_change:
            _mind_what_came(config, "build another with --out, and name its folder")
    with closing(ReferenceIndex.open(folder)) as opened:
        return folder, opened.encoder.name


def _mind_what_came(config: ModelConfig, remedy: str) -> None:
    if isinstance(config.hikari, RetrieverConfig) and config.hikari.index is not None:
        raise InvalidInput(f"the index of '{config.name}' comes with its weights: {remedy}")


def _of_cascade(repository: Repository, cascade: str) -> ModelConfig:
    for node in read_graph(repository.config(cascade), repository).nodes:
        if node.kind == "retrieve":
            return node.config
    raise ConfigError(f"cascade '{cascade}' has no reference model: name one with --model")
