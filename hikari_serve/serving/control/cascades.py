"""The cascades that are served now, as this process reads them."""

import logging
from collections.abc import Mapping

from hikari_serve.cascade.loads import LoadedCascade
from hikari_serve.errors import HikariError
from hikari_serve.repository.repository import Repository
from hikari_serve.serving.control.desired import FIRST, DesiredFile

logger = logging.getLogger(__name__)


class Cascades:
    """Those of the start, and those that came later, which are read when they are first seen."""

    def __init__(
        self,
        first: Mapping[str, LoadedCascade],
        repository: Repository,
        file: DesiredFile | None,
    ) -> None:
        """Args:
        first: Those of the start.
        repository: Where others lie.
        file: Says which are served; None leaves it at the first.
        """
        self._repository = repository
        self._file = file
        self._served = dict(first)
        self._revisions: Mapping[str, int] = dict.fromkeys(first, FIRST)

    def now(self) -> Mapping[str, LoadedCascade]:
        """Them by name; the very same objects as long as none comes, goes or is loaded anew.

        One that could not be read is tried again when others come or go.
        """
        if self._file is None:
            return self._served
        revisions = self._file.read().cascades
        if revisions == self._revisions:
            return self._served
        served = {}
        for name, revision in revisions.items():
            if name in self._served and revision == self._revisions[name]:
                served[name] = self._served[name]
                continue
            try:
                served[name] = LoadedCascade.read(name, self._repository)
            except HikariError as error:
                logger.error("cascade %s is not served here: %s", name, error.message)
        self._served, self._revisions = served, revisions
        return served
