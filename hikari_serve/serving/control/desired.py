"""What is to be served on this machine: one small file that every worker of every stage follows.

Each change of it has a number, the revision. A version of a model carries the revision in which it
was loaded, so that one that is loaded anew in its place is told from what it was.
"""

from collections.abc import Mapping
from pathlib import Path

from filelock import FileLock

from hikari_serve.serving.control.whole import Reader, write_whole
from hikari_serve.stage import Frozen

FIRST = 1
"""The revision of what is loaded at start."""

LEFT = 0
"""In place of a revision: the version was unloaded."""

Versions = Mapping[int, int]
"""For each version of a model the revision in which it was loaded, or `LEFT`."""


Models = Mapping[str, Versions]
"""The models of a stage."""


class Trial(Frozen):
    """Versions that are loaded beside what serves, and do not answer yet.

    Attributes:
        stages: For each stage that has some its models and their versions.
        until: When they are given up, in seconds since the Unix epoch.
    """

    stages: Mapping[str, Models]
    until: float


class Desired(Frozen):
    """What is to be served.

    Attributes:
        revision: Counts the changes.
        cascades: The cascades that are called by their names, and the revision in which each was
            loaded.
        stages: For each stage of this machine its models.
        trial: What is being loaded.
        failures: Why versions could not be loaded, by model and version.
    """

    revision: int = FIRST
    cascades: Mapping[str, int]
    stages: Mapping[str, Models]
    trial: Trial | None = None
    failures: Mapping[str, Mapping[int, str]] = {}

    def versions(self, model: str) -> list[int]:
        """The versions of a model that are to answer, oldest first."""
        hosted = [models.get(model, {}) for models in self.stages.values()]
        return sorted({each for its in hosted for each, loaded in its.items() if loaded != LEFT})


class DesiredFile:
    """The file, in a folder that the processes of one server share.

    Attributes:
        folder: The folder.
        lock: Held by whoever changes the file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = FileLock(folder / "lock", thread_local=False)
        self._path = folder / "desired.json"
        self._reader = Reader(self._path, Desired.model_validate_json)

    def begin(self, first: Desired) -> None:
        """Writes what is loaded at start, unless another process did, or changed it since."""
        write_whole(self._path, first, anew=False)

    def read(self) -> Desired:
        """What it says now; the very same object as long as it says it."""
        return self._reader.read()

    def write(self, desired: Desired) -> None:
        """Changes it."""
        write_whole(self._path, desired)
