"""An answer as a report over HTTP: who gets one, and the response that it comes in."""

from datetime import UTC, datetime
from typing import Literal

from starlette.responses import Response

from hikari_serve.cascade.decoder import Decoder
from hikari_serve.pictures.shown import upright
from hikari_serve.presentation.answer import Answer
from hikari_serve.report import Report, render
from hikari_serve.serving.diagnose.intake import Asked, Format

_MEDIA: dict[str, Format] = {
    "application/json": "json",
    "text/html": "html",
    "text/markdown": "md",
}
_ALLOWED = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
)
"""What a report may do if it is opened from here: show itself, and nothing else."""
_HEADERS = {
    "content-security-policy": _ALLOWED,
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


def accepted_format(accept: str) -> Format:
    """The format that an `Accept` header likes best; JSON where it likes none or all alike.

    Args:
        accept: Such as `text/html, */*;q=0.8`, which is a browser's.
    """
    best, weight = "application/json", 0.0
    for part in accept.split(","):
        media, *parameters = (each.strip().lower() for each in part.split(";"))
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            liked = float(quality)
        except ValueError:
            continue
        if media in _MEDIA and liked > weight:
            best, weight = media, liked
    return _MEDIA[best]


async def report_response(
    answer: Answer, asked: Asked, form: Literal["html", "md"], decoder: Decoder
) -> Response:
    """The answer as a report, with the picture as it was judged, called by the request's id.

    A file is often named after whom it shows, and a report goes from hand to hand.

    Args:
        answer: The answer.
        asked: What was asked; its picture is decoded once more, for the document.
        form: `html` or `md`.
        decoder: What has decoded it before.
    """

    def written() -> str:
        picture = upright(asked.request.image, decoder.limits)
        return render(Report(answer, picture, datetime.now(UTC)), form)

    kind = "text/html" if form == "html" else "text/markdown"
    text = await decoder.run(written, asked.request.priority)
    return Response(text, media_type=kind, headers=_HEADERS)
