"""The pictures of cases as answers show them; the files as they were collected stay here."""

import threading
from functools import lru_cache

from hikari_serve.errors import InvalidInput
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.pictures.shown import upright
from hikari_serve.references.index import ReferenceIndex

KEPT = 128
"""How many encoded pictures are kept at hand: photographs of about 200 KB, so about 25 MB."""


class ShownPictures:
    """Encodes the pictures of an index for those who ask. Safe to use from several threads."""

    def __init__(self, index: ReferenceIndex) -> None:
        self._index = index
        self._picture = lru_cache(KEPT)(self._encoded)
        self._lock = threading.Lock()

    def picture(self, case_id: str) -> bytes | None:
        """The picture of a case, upright, in sRGB and without metadata, as JPEG.

        Returns:
            None if it cannot be read: an earlier version took it, and its file is never shown.

        Raises:
            NotFound: The index has no such case.
            ConfigError: The case is corrupt on disk.
        """
        with self._lock:  # pixels of one file at a time: they may be 50 million
            return self._picture(case_id)

    def _encoded(self, case_id: str) -> bytes | None:
        try:
            return upright(self._index.case(case_id).image, PictureLimits())
        except InvalidInput:
            return None
