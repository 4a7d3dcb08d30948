"""From an answer and its picture to a document, by a template a format.

Jinja escapes every value on its way into HTML. Markdown has no such switch, so `finalize` does it
there: whatever a template prints is escaped, unless it was made here (`Markup`).
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hikari_serve.percent import decimal, percent
from hikari_serve.presentation.answer import Answer
from hikari_serve.report import wording
from hikari_serve.report.checks import checks_of, the_disease
from hikari_serve.report.pictures import data_uri

Format = Literal["html", "md"]
FORMATS: tuple[Format, ...] = get_args(Format)

BAR = 20
"""Characters of a full bar in Markdown."""

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_LINE_START = re.compile(r"^(\s*\d*)([-+=.)])(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Report:
    """What a document is made of.

    Attributes:
        answer: The answer.
        picture: The upright picture that was judged, encoded for a browser; None leaves it out.
        made: When the answer was given.
        title: What the reader calls the picture, such as its file's name.
    """

    answer: Answer
    picture: bytes | None
    made: datetime
    title: str = ""


def render(report: Report, kind: Format) -> str:
    """Writes the report as HTML or Markdown, in one self-contained text."""
    answer = report.answer
    template = _ENVIRONMENTS[kind].get_template(f"report.{kind}.jinja")
    return template.render(
        answer=answer,
        title=report.title or f"Request {answer.id}",
        made=report.made,
        picture=_uri(report.picture),
        case_pictures=[_uri(case.image) for case in answer.references],
        words=wording,
        checks=checks_of(answer),
        disease=the_disease(answer),
        percent=percent,
        decimal=decimal,
    )


def _uri(picture: bytes | None) -> Markup | None:
    found = data_uri(picture) if picture else None
    return Markup(found) if found else None  # base64 and a constant


def _bar(share: float) -> str:
    full = round(BAR * min(max(share, 0), 1))
    return "█" * full + "░" * (BAR - full)


def _escape_markdown(value: object) -> Markup:
    if isinstance(value, Markup):
        return value
    flat = re.sub(r"\s+", " ", str(value))
    return Markup(_LINE_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", flat)))


def _environment(kind: Format) -> Environment:
    made = Environment(
        loader=PackageLoader("hikari_serve.report"),
        autoescape=True,
        finalize=_escape_markdown if kind == "md" else None,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["bar"] = _bar
    return made


_ENVIRONMENTS = {kind: _environment(kind) for kind in FORMATS}
