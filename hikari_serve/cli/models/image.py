"""`hikari models image`: which weights an image holds, where in it, and how pods name them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from hikari_serve.cli.models.pull import check_pinned, members
from hikari_serve.errors import ConfigError, InvalidInput
from hikari_serve.repository.digest import weights_digest
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.weights import PICKLED, TEXT, find_weights

PREFIX = "hikari-serve/weights."
"""Of the image's labels and the pods' annotations whose values are digests of weights."""
REGISTRY = "docker://"
TRANSPORTS = (REGISTRY, "oci:", "oci-archive:")
"""Of buildah's, those that an image leaves this machine by."""


@dataclass(frozen=True, slots=True)
class Part:
    """Weights in one folder.

    Attributes:
        name: `MODEL.VERSION`, or `MODEL.VERSION.text` of what reads words for it.
        folder: Where they lie on this machine.
        place: Where they lie in the image: as under `HIKARI_WEIGHTS`.
        digest: What an answer's provenance quotes of them.
        pulled: Whether they were; else they are part of the repository, where alone they are
            looked for.
    """

    name: str
    folder: Path
    place: PurePosixPath
    digest: str
    pulled: bool

    @property
    def files(self) -> list[str]:
        """The names of its files, sorted: what the digest is of, and the record of their pull."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_file())


def find_parts(repository: Repository, names: Sequence[str]) -> list[Part]:
    """Finds the weights of models, and of the models of cascades, with the bases of adapters.

    Raises:
        ConfigError: A configuration is wrong or names no commit, weights are not here, or are not
            what was pulled.
        NotFound: There is no such model.
    """
    return [part for name in members(repository, names) for part in _parts(repository, name)]


def _parts(repository: Repository, name: str) -> Iterator[Part]:
    config = repository.config(name)
    check_pinned(config)
    for version in repository.served_versions(config):
        weights = find_weights(repository, name, version)
        yield _part(repository, f"{name}.{version}", weights.own, f"{name}/{version}")
        if weights.text is not None and weights.text != weights.own:
            place = f"{name}/{version}/{TEXT}"
            yield _part(repository, f"{name}.{version}.{TEXT}", weights.text, place)


def _part(repository: Repository, name: str, folder: Path, otherwise: str) -> Part:
    if not (any(folder.glob("*.safetensors")) or (folder / PICKLED).is_file()):
        raise ConfigError(f"{folder} holds no weights, such as *.safetensors, of {name}")
    pulled = folder.is_relative_to(repository.weights)
    place = folder.relative_to(repository.weights) if pulled else otherwise
    return Part(name, folder, PurePosixPath(place), weights_digest(folder), pulled)


def check_destination(to: str, *, patched: bool) -> None:
    """Returns if an image may be pushed to `to`.

    Args:
        to: Where to, as `buildah push` names it.
        patched: Whether a patch is to name it, which takes a registry.

    Raises:
        InvalidInput: It names no place, or one that no pod pulls from.
    """
    if not to.startswith(TRANSPORTS):
        raise InvalidInput(
            f"--to {to}: docker://{to} is in a registry, oci:{to} a folder, oci-archive:{to} a file"
        )
    if patched and not to.startswith(REGISTRY):
        raise InvalidInput(f"--write: pods name an image in a registry, which {to} is not")


def pinned_reference(to: str, digest: str) -> str:
    """How pods name an image that was pushed to a registry: its digest in place of its tag."""
    folder, slash, name = to.removeprefix(REGISTRY).rpartition("/")
    return f"{folder}{slash}{name.partition(':')[0]}@{digest}"


def labels_of(parts: Sequence[Part]) -> Mapping[str, str]:
    """The digests of weights, as labels of the image and annotations of the pods."""
    return {f"{PREFIX}{part.name}": part.digest for part in parts}


def write_patch(file: Path, reference: str, parts: Sequence[Part]) -> None:
    """Writes what an overlay lays on its Deployments: the image that they mount, and its digests.

    Args:
        file: Written anew.
        reference: The image by its digest.
        parts: The weights in it.
    """
    patch: Mapping[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "any"},
        "spec": {
            "template": {
                "metadata": {"annotations": labels_of(parts)},
                "spec": {"volumes": [{"name": "weights", "image": {"reference": reference}}]},
            }
        },
    }
    head = "# By `hikari models image`, for an overlay with the component `weights-image`.\n"
    file.write_text(head + yaml.safe_dump(patch, sort_keys=False), encoding="utf-8")
