"""What `hikari index` builds of: which source, and which of its cases."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from hikari_serve.cli.terminal import Bar
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.references.manifest import Fingerprint
from hikari_serve.references.sources.collection import Collection, collect
from hikari_serve.references.sources.folder import read_source
from hikari_serve.references.sources.listing import Listing
from hikari_serve.references.sources.npz import NpzIndex, read_npz
from hikari_serve.references.sources.skincap import read_skincap


class Choice(NamedTuple):
    """Which cases the user wants.

    Attributes:
        kind: What the source is.
        source: Its path.
        splits: Split files whose validation pictures are left out.
        with_validation: Whether SkinCAP's validation pictures are wanted all the same.
        images: Folder that the paths in an .npz begin in.
        outside: Whether pictures outside of the source's folder are taken too.
    """

    kind: Literal["folder", "skincap", "npz"]
    source: Path
    splits: tuple[Path, ...] = ()
    with_validation: bool = False
    images: Path | None = None
    outside: bool = False


def read(choice: Choice) -> tuple[Listing, NpzIndex | None]:
    """Reads the source; for the authors' .npz also its embeddings.

    Raises:
        InvalidInput: It is not what it should be.
    """
    match choice.kind:
        case "skincap":
            return (
                read_skincap(choice.source, choice.splits, with_validation=choice.with_validation),
                None,
            )
        case "npz":
            npz = read_npz(choice.source, choice.images or choice.source.parent, choice.splits)
            return npz.listing, npz
        case _:
            return read_source(choice.source), None


def choose(
    listing: Listing, labels: LabelSet | None, held: Sequence[Fingerprint], *, outside: bool
) -> Collection:
    """Chooses the cases of a listing, under a bar; arguments as `collect`."""
    with Bar("Looking through", total=len(listing.entries)) as bar:
        return collect(listing, labels, held=held, outside=outside, step=bar.step)
