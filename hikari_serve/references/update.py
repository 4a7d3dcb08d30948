"""Changes an index: a new one is built of the old cases, whose embeddings are kept."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from hikari_serve.errors import ConfigError, InvalidInput, NotFound
from hikari_serve.references.alone import alone
from hikari_serve.references.builder import rebuild, restore
from hikari_serve.references.embedding import Embed, EmbedTexts, OnBad
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.manifest import EncoderInfo, Manifest
from hikari_serve.references.store import Case


def add(
    folder: Path,
    cases: Iterable[Case],
    embed: Embed,
    encoder: EncoderInfo,
    *,
    embed_texts: EmbedTexts | None = None,
    progress: Callable[[int], None] | None = None,
    on_bad: OnBad | None = None,
) -> Manifest:
    """Adds cases to an index; arguments as `builder.build`.

    Raises:
        ConfigError: The index is missing or damaged, or was made by another encoder.
        InvalidInput: An id is in the index already, a picture cannot be read, or another build
            is at it.
    """
    with _held(folder, encoder) as index:
        old = (index.read(case.id) for case in index.cases_held)
        return rebuild(
            chain(old, cases),
            embed,
            encoder,
            folder,
            progress=progress,
            embed_texts=embed_texts,
            known=index.embedded(),
            on_bad=on_bad,
        )


def remove(folder: Path, case_ids: Collection[str]) -> Manifest:
    """Removes cases from an index; needs no encoder.

    Raises:
        ConfigError: The index is missing or damaged.
        NotFound: It has no such case.
        InvalidInput: No case would be left, or another build is at it.
    """
    with _held(folder) as index:
        held = {case.id for case in index.cases_held}
        if missing := sorted(set(case_ids) - held):
            raise NotFound(f"there is no reference case '{missing[0]}' in {folder}")
        kept = [case.id for case in index.cases_held if case.id not in set(case_ids)]
        if not kept:
            raise InvalidInput(f"no case would be left; delete the folder {folder} instead")
        return rebuild(
            map(index.read, kept),
            _unneeded,
            index.encoder,
            folder,
            embed_texts=_unneeded if index.encoder.text else None,
            known=index.embedded(),
        )


@contextmanager
def _held(folder: Path, encoder: EncoderInfo | None = None) -> Iterator[ReferenceIndex]:
    """The index as it is, which nobody else changes meanwhile: it would be undone."""
    if not folder.parent.is_dir():
        raise ConfigError(f"there is no reference index in {folder}")
    with alone(folder):
        restore(folder)
        with closing(ReferenceIndex.open(folder, encoder)) as index:
            yield index


def _unneeded(cases: list[Any]) -> Any:
    raise AssertionError(f"{len(cases)} kept cases lost their embeddings")
