"""The pictures of cases as answers show them; the files as they were collected stay here."""

import threading
from collections.abc import Callable
from functools import lru_cache

from hikari_serve.errors import InvalidInput
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.pictures.shown import upright
from hikari_serve.references.index import ReferenceIndex

KEPT = 128
"""How many encoded pictures are kept at hand: photographs of about 200 KB, so about 25 MB."""


def shown_pictures(index: ReferenceIndex) -> Callable[[str], bytes | None]:
    """What gives the picture of a case, upright, in sRGB and without metadata, as JPEG.

    It gives None for one that cannot be read: an earlier version took it, and its file is never
    shown. Of a case that is corrupt on disk or not there it raises what the index does. Several
    threads may ask it.

    Args:
        index: Has the cases.
    """
    one_at_a_time = threading.Lock()  # their pixels may be 50 million

    @lru_cache(KEPT)
    def picture(case_id: str) -> bytes | None:
        with one_at_a_time:
            try:
                return upright(index.case(case_id).image, PictureLimits())
            except InvalidInput:
                return None

    return picture
