"""The pictures of reference cases as a model is shown them."""

import logging
from collections.abc import Callable
from functools import lru_cache

from PIL import Image

from hikari_serve.errors import BadImage
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.pictures.view import Preprocessing, make_view, read_view
from hikari_serve.references.index import ReferenceIndex

logger = logging.getLogger(__name__)

KEPT = 1024
"""Decoded pictures of reference cases that a runner keeps; at 672 px about 1.3 MB each."""


def case_pictures(
    index: ReferenceIndex, preprocessing: Preprocessing, on_decoding: Callable[[], None]
) -> Callable[[str], Image.Image | None]:
    """What gives the view of a case's picture; None if it cannot be read.

    An index may be older than what refuses a picture now: that is said once in the log.

    Args:
        index: Has the cases.
        preprocessing: The model's own.
        on_decoding: Hears of each picture that is decoded.
    """

    @lru_cache(KEPT)
    def picture(case_id: str) -> Image.Image | None:
        on_decoding()
        try:
            whole = open_image(index.case(case_id).image, PictureLimits())
            return read_view(make_view(whole, preprocessing))
        except BadImage as error:
            logger.warning("case '%s' is shown to no model: %s", case_id, error.message)
            return None

    return picture
