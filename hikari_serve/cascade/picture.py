"""The picture of a request as its stages see it: decoded once, judged, one view for each use."""

from collections.abc import Mapping
from dataclasses import dataclass

from hikari_serve.cascade.graph import Graph
from hikari_serve.errors import PoorQuality
from hikari_serve.percent import compared_decimals
from hikari_serve.pictures.decode import PictureLimits, read_image
from hikari_serve.pictures.quality import Quality, measure
from hikari_serve.pictures.view import content_hash, make_view, view_size


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be read and is good enough.

    Attributes:
        views: The encoded picture by the id of the preprocessing that made it.
        content: Digest of its file.
        quality: How fit it is to be judged.
        form: What its file is, such as `JPEG`.
    """

    views: Mapping[str, bytes]
    content: str
    quality: Quality
    form: str


def read_picture(data: bytes, limits: PictureLimits, graph: Graph, min_quality: float) -> Picture:
    """Decodes a picture and makes the views that the stages of a graph need; blocking.

    Args:
        data: The picture's file.
        limits: How large it may be.
        graph: The stages that will see it.
        min_quality: The least quality score, 0 to 1, with which any model runs.

    Raises:
        BadImage: The picture cannot be read, or is too poor.
    """
    opened = read_image(data, limits)
    image = opened.image
    wanted = {node.preprocessing.id: node.preprocessing for node in graph.nodes}
    seen = min(min(view_size(image.size, each)) for each in wanted.values())
    quality = measure(image, seen, opened.warnings)
    if quality.score < min_quality:
        score, least = compared_decimals(quality.score, min_quality)
        raise PoorQuality(
            f"the picture is too poor to be judged: {quality.warnings[0]} (its quality is "
            f"{score}, and this cascade wants {least})"
        )
    views = {name: make_view(image, wanted[name]) for name in wanted}
    return Picture(views, content_hash(data), quality, opened.form)
