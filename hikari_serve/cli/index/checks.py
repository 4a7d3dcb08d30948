"""What is looked at before an index is built: whether all is there, and what will not be read."""

from collections.abc import Sequence
from contextlib import suppress

from hikari_serve.errors import ConfigError, InvalidInput
from hikari_serve.references.manifest import Fingerprint
from hikari_serve.references.sources.collection import Collection
from hikari_serve.repository.repository import Repository
from hikari_serve.repository.schema import ClassifierConfig
from hikari_serve.repository.weights import find_weights
from hikari_serve.tasks.caption_room import CaptionRoom


def whole(collection: Collection, *, strict: bool) -> None:
    """Refuses a collection of nothing, and where it is `strict` one that lacks a row.

    Raises:
        InvalidInput: That is so; the report has every row with its reason.
    """
    reasons = collection.report.reasons()
    said = "; ".join(f"{reason}: {count}" for reason, count in reasons.most_common())
    if not collection.entries:
        raise InvalidInput(f"nothing of this source can be taken: {said or 'it has no rows'}")
    if strict and reasons:
        raise InvalidInput(f"{reasons.total()} rows of this source cannot be taken: {said}")


def mind_the_readers(repository: Repository, model: str, collection: Collection) -> None:
    """Notes which captions are too long for the models that will read the index.

    Args:
        repository: Where they lie.
        model: The reference model whose index it is.
        collection: The cases.
    """
    held = [Fingerprint(entry.id, entry.label, entry.caption, "") for entry in collection.entries]
    for name in repository.names() if held else ():
        with suppress(ConfigError):  # of a model that is not here, or not as it should be
            collection.report.notes += _told_by(repository, name, model, held)


def _told_by(
    repository: Repository, name: str, model: str, held: Sequence[Fingerprint]
) -> Sequence[str]:
    config = repository.config(name)
    settings = config.hikari
    if not isinstance(settings, ClassifierConfig) or settings.index != model:
        return ()
    version = repository.served_versions(config)[-1]
    folder = find_weights(repository, name, version).folder
    room = CaptionRoom.measure(settings, folder, held)
    return list(room.told(name, held)) if room else ()
