"""The Hugging Face hub: which files a repository has, and each of them onto this disk.

Endpoint, token, cache and time limits are huggingface_hub's own (`HF_ENDPOINT`, `HF_TOKEN`, ...).
Every failure becomes one sentence with the remedy.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from httpx2 import HTTPError
from huggingface_hub import HfApi, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    GatedRepoError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]
from huggingface_hub.utils.tqdm import tqdm

from hikari_serve.errors import ConfigError, Unavailable
from hikari_serve.repository.digest import file_digest
from hikari_serve.repository.weights import PICKLED

SUFFIXES = (".safetensors", ".json", ".jinja", ".txt", ".model")
"""Weights without code, configurations, chat templates, vocabularies; nothing that is run."""

Done = Callable[[int], None]
"""Receives how many bytes of a file are here."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a hub repository.

    Attributes:
        name: Its name; only files of the top folder are taken.
        size: In bytes.
        sha256: Of its content, for what the hub keeps in LFS: all weights.
        blob: Git's own digest of its content, for the others.
    """

    name: str
    size: int
    sha256: str | None
    blob: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a revision of a hub repository holds of a checkpoint."""

    hub: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def list_files(
    hub: str, revision: str | None, endpoint: str | None, *, pickled: bool = False
) -> Listing:
    """Asks the hub for the files of a repository.

    Args:
        hub: The repository.
        revision: Commit, tag or branch; None is the branch `main`.
        endpoint: Of the hub; None is what `HF_ENDPOINT` says.
        pickled: Whether `pytorch_model.bin` will do where there are no safetensors.

    Raises:
        ConfigError: The repository or the revision does not exist, asks for a login, or holds no
            weights as safetensors.
        Unavailable: The hub cannot be reached, or what answers is none.
    """
    with _in_one_sentence(hub, revision, endpoint):
        info = HfApi(endpoint).model_info(hub, revision=revision or "main", files_metadata=True)
    files = tuple(
        HubFile(
            name=sibling.rfilename,
            size=sibling.size or 0,
            sha256=sibling.lfs.sha256 if sibling.lfs else None,
            blob=sibling.blob_id,
        )
        for sibling in info.siblings or ()
        if "/" not in sibling.rfilename and sibling.rfilename.endswith((*SUFFIXES, PICKLED))
    )
    safe = any(file.name.endswith(".safetensors") for file in files)
    if safe or not pickled:
        files = tuple(file for file in files if file.name != PICKLED)
    if info.sha is None or not (safe or any(file.name == PICKLED for file in files)):
        raise ConfigError(f"{hub} holds no *.safetensors, and other weights are not loaded")
    return Listing(hub, info.sha, files)


def download(listing: Listing, file: HubFile, path: Path, endpoint: str | None, done: Done) -> None:
    """Brings the bytes of one file to `path`, going on behind those that are there already.

    Raises:
        ConfigError: As `list_files`.
        Unavailable: As `list_files`, or the disk is full.
    """

    class Report(tqdm):
        """What huggingface_hub takes for its progress bar; draws nothing."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "disable": True})  # type: ignore[no-untyped-call]
            self.bytes = int(options.get("initial") or 0)
            done(self.bytes)

        def update(self, n: float | None = 1) -> None:
            self.bytes += int(n or 0)
            done(self.bytes)

    with _in_one_sentence(listing.hub, listing.commit, endpoint), path.open("ab") as content:
        # Not `hf_hub_download`: what it could not finish, it throws away.
        if content.tell() > file.size:
            content.seek(content.truncate(0))
        url = hf_hub_url(listing.hub, file.name, revision=listing.commit, endpoint=endpoint)
        place = get_hf_file_metadata(url, endpoint=endpoint).location
        headers = build_hf_headers()
        if urlsplit(place).netloc != urlsplit(url).netloc:
            headers.pop("authorization", None)  # a signed address at somebody else's
        http_get(
            place,
            content,
            resume_size=content.tell(),
            headers=headers,
            expected_size=file.size,
            displayed_filename=file.name,
            tqdm_class=Report,
        )


def check_digest(file: HubFile, path: Path) -> None:
    """Compares the bytes in `path` with the hub's digest.

    Raises:
        Unavailable: They are not what the hub says; they are deleted.
    """
    if file.sha256 is not None:
        right = file_digest(path) == file.sha256
    else:
        content = path.read_bytes()  # LFS holds whatever is large
        head = f"blob {len(content)}\0".encode()
        right = hashlib.sha1(head + content, usedforsecurity=False).hexdigest() == file.blob
    if not right:
        path.unlink()
        raise Unavailable(
            f"{file.name} arrived damaged, its digest is not the hub's: it is deleted, pull again"
        )


@contextmanager
def _in_one_sentence(hub: str, revision: str | None, endpoint: str | None) -> Iterator[None]:
    place = endpoint or constants.ENDPOINT
    try:
        yield
    except GatedRepoError:
        raise ConfigError(
            f"{hub} is gated: accept its terms at {place}/{hub}, then set HF_TOKEN to a token of "
            "that account"
        ) from None
    except RevisionNotFoundError:
        raise ConfigError(
            f"{hub} has no revision '{revision}': correct `source.revision`"
        ) from None
    except RepositoryNotFoundError:
        raise ConfigError(
            f"{place} has no {hub}, or it is private: correct `source.hub`, or set HF_TOKEN"
        ) from None
    except OfflineModeIsEnabled:
        raise Unavailable("HF_HUB_OFFLINE is set: unset it to pull from the hub") from None
    except HTTPError as error:
        raise _unreachable(place, error) from error
    except ValueError as error:
        raise Unavailable(
            f"{place} does not speak of {hub} as the hub does ({_first_line(error)}): set "
            "HF_ENDPOINT to the hub or a mirror"
        ) from error
    except OSError as error:
        raise Unavailable(f"pulling {hub} failed: {error}; pull again to go on") from error


def _unreachable(place: str, error: BaseException) -> Unavailable:
    return Unavailable(
        f"the hub at {place} cannot be reached or refused ({_first_line(error)}): pull again to go "
        "on, or set HF_ENDPOINT to a mirror"
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or repr(error)).partition("\n")[0]
