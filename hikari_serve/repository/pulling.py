"""Brings the weights that a configuration names from the hub, whole and checked, or not at all.

Files go into a folder beside the final one, which survives a cut connection or a kill; each is
compared with the hub's digest; then what was there is renamed, and the folder takes its place. Who
looks for weights sees all of them or none.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from rich import filesize

from hikari_serve.errors import ConfigError
from hikari_serve.repository.config import ModelConfig
from hikari_serve.repository.digest import file_digest, weights_digest
from hikari_serve.repository.hub import Listing, check_digest, download, list_files
from hikari_serve.repository.record import RECORD_FILE, Pulled, PulledFile, read_record
from hikari_serve.repository.repository import SOURCE_VERSION, Repository
from hikari_serve.repository.schema import CascadeConfig, RetrieverConfig, Source
from hikari_serve.repository.weights import find_weights, text_folder, weights_folder

Progress = Callable[[Literal["downloading", "checking"], int, int], None]
"""Receives what is being done, and how many bytes of how many are."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a pull did.

    Attributes:
        model: The model.
        status: Whether anything was brought; `here` was there before.
        folder: Where the weights lie.
        hub: Where they come from; None if they lie in the repository or a folder of one's own.
        commit: The hub's commit that they are.
        bytes: Their size.
    """

    model: str
    status: Literal["pulled", "here"]
    folder: Path
    hub: str | None = None
    commit: str | None = None
    bytes: int = 0


def pull(
    repository: Repository, name: str, progress: Progress, *, endpoint: str | None = None
) -> Outcome:
    """Brings the weights of one model; blocking.

    Args:
        repository: Where its configuration lies and its weights go.
        name: The model, which is no cascade.
        progress: Told of every block.
        endpoint: Of the hub; None is what `HF_ENDPOINT` says.

    Raises:
        ConfigError: The source is wrong or asks for a login, the disk is too small, or another
            pull of this model runs.
        NotFound: There is no such model.
        Unavailable: The hub cannot be reached, or a file came damaged; another pull goes on.
    """
    config = repository.config(name)
    hikari = config.hikari
    source = None if isinstance(hikari, CascadeConfig) else hikari.source
    brings = partial(_bring_source, repository, name, progress=progress, endpoint=endpoint)
    # only encoders read what is not safetensors, and only they may have a second source
    if not isinstance(hikari, RetrieverConfig):
        found = brings(source, weights_folder(repository, config, SOURCE_VERSION), pickled=False)
        return found or _in_the_repository(repository, config)
    found = brings(source, weights_folder(repository, config, SOURCE_VERSION), pickled=True)
    text = text_folder(repository, config, SOURCE_VERSION)
    second = None
    if hikari.text is not None and text is not None:
        second = brings(hikari.text.source, text, pickled=True)
    if found is None:
        return second or _in_the_repository(repository, config)
    return _both(found, second) if second else found


def _in_the_repository(repository: Repository, config: ModelConfig) -> Outcome:
    version = repository.served_versions(config)[-1]
    return Outcome(config.name, "here", find_weights(repository, config.name, version).own)


def _both(first: Outcome, second: Outcome) -> Outcome:
    status: Literal["pulled", "here"] = "pulled" if second.status == "pulled" else first.status
    return replace(first, status=status, bytes=first.bytes + second.bytes)


def _bring_source(
    repository: Repository,
    name: str,
    source: Source | None,
    place: Path,
    *,
    pickled: bool,
    progress: Progress,
    endpoint: str | None,
) -> Outcome | None:
    """Brings one source to its place; None if that is no place for pulled weights."""
    if source is None or source.hub is None or place.is_relative_to(repository.folder(name)):
        return None
    place.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place.with_name(f".{place.name}.lock"))
    try:
        with lock.acquire(timeout=0):
            return _pull(name, source.hub, source, place, progress, endpoint, pickled=pickled)
    except Timeout:
        raise ConfigError(f"another pull of '{name}' is running; wait for it") from None


def _pull(
    name: str,
    hub: str,
    source: Source,
    place: Path,
    progress: Progress,
    endpoint: str | None,
    *,
    pickled: bool,
) -> Outcome:
    old = place.with_name(f".{place.name}.old")
    _clear(place, old)
    record = read_record(place)
    if record and record.hub != hub:
        record = None  # of a former source; two repositories may share a commit
    if record and record.commit == source.revision and _is_whole(place):
        return _here(name, place, record)
    listing = list_files(hub, source.revision, endpoint, pickled=pickled)
    if record and record.commit == listing.commit and _is_whole(place):
        return _here(name, place, record)
    partial = place.with_name(f".{place.name}.{listing.commit[:12]}.partial")
    partial.mkdir(exist_ok=True)
    _require_space(name, listing, partial)
    _bring(listing, partial, progress, endpoint)
    if place.exists():
        place.rename(old)  # deleting takes a while, and may be cut
    partial.rename(place)
    _clear(place, old)
    for stale in place.parent.glob(f".{place.name}.*.partial"):
        shutil.rmtree(stale)  # of a commit whose pull was never finished
    return Outcome(name, "pulled", place, hub, listing.commit, listing.size)


def _clear(place: Path, old: Path) -> None:
    """Ends what puts new weights in the place of old ones, if need be what a killed pull began."""
    if not old.exists():
        return
    if place.exists():
        shutil.rmtree(old)
    else:
        old.rename(place)


def _here(name: str, place: Path, record: Pulled) -> Outcome:
    size = sum(file.size for file in record.files.values())
    return Outcome(name, "here", place, record.hub, record.commit, size)


def _is_whole(place: Path) -> bool:
    """Whether what was pulled is there and as it was; a touched file is read."""
    try:
        weights_digest(place)
    except ConfigError:
        return False
    return True


def _require_space(name: str, listing: Listing, partial: Path) -> None:
    there = sum(path.stat().st_size for path in partial.iterdir())
    needed = listing.size - there
    free = shutil.disk_usage(partial.parent).free
    if needed > free:
        raise ConfigError(
            f"'{name}' needs {filesize.decimal(needed)} and {partial.parent} has "
            f"{filesize.decimal(free)} free: make room, or set HIKARI_WEIGHTS to a larger disk"
        )


def _bring(listing: Listing, partial: Path, progress: Progress, endpoint: str | None) -> None:
    """Fills `partial` with the files of the listing and their record.

    A file has its name once it was checked; until then it is a `.part`.
    """
    begun = 0

    def downloaded(done: int) -> None:
        progress("downloading", begun + done, listing.size)

    files = {}
    for file in listing.files:
        path = partial / file.name
        if not path.exists():
            part = partial / f"{file.name}.part"
            download(listing, file, part, endpoint, downloaded)
            progress("checking", begun + file.size, listing.size)
            check_digest(file, part)
            part.rename(path)
        begun += file.size
        found = path.stat()
        files[file.name] = PulledFile(
            size=found.st_size,
            sha256=file.sha256 or file_digest(path),
            mtime_ns=found.st_mtime_ns,
        )
    pulled = Pulled(hub=listing.hub, commit=listing.commit, files=files)
    (partial / RECORD_FILE).write_text(pulled.model_dump_json(indent=1))
