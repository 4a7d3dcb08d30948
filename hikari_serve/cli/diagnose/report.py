"""Writing the report of one picture, and opening it where there is a browser."""

import os
import sys
import webbrowser
from datetime import UTC, datetime
from pathlib import Path

import typer

from hikari_serve.errors import BadImage
from hikari_serve.pictures.decode import PictureLimits
from hikari_serve.pictures.shown import upright
from hikari_serve.presentation.answer import Answer
from hikari_serve.quoting import escaped
from hikari_serve.report import FORMATS, Report, render

LIMITS = PictureLimits(max_bytes=1_000_000_000, max_pixels=89_000_000)
"""What is put into a report was judged already: only Pillow's own limit holds."""


def check_target(target: Path, images: list[Path], option: str) -> None:
    """Refuses a report that could not be written, before anything is computed.

    Raises:
        typer.BadParameter: There are several pictures, the file has no known ending or is none, or
            its folder is not there or may not be written into.
    """
    hint = f"'{option}'"
    if len(images) > 1:
        message = f"a report is about one picture, not {len(images)}; write one for each"
        raise typer.BadParameter(message, param_hint=hint)
    if target.suffix.lstrip(".") not in FORMATS:
        message = f"'{target}' must end in {' or '.join(f'.{each}' for each in FORMATS)}"
        raise typer.BadParameter(message, param_hint=hint)
    if not target.parent.is_dir():
        message = f"there is no folder '{target.parent}' to write '{target.name}' into"
        raise typer.BadParameter(message, param_hint=hint)
    if target.is_dir():
        raise typer.BadParameter(f"'{target}' is a folder", param_hint=hint)
    if not os.access(target.parent, os.W_OK):
        message = f"the folder '{target.parent}' may not be written into"
        raise typer.BadParameter(message, param_hint=hint)


def write_report(target: Path, image: Path, answer: Answer) -> None:
    """Writes the report; a picture that only a server could read is left out of it.

    Raises:
        OSError: The file cannot be written, or the picture no longer read.
    """
    try:
        picture = upright(image.read_bytes(), LIMITS)
    except BadImage:
        picture = None
    kind = next(each for each in FORMATS if target.suffix == f".{each}")
    title = escaped(image.name)  # its folder is nobody's business
    document = render(Report(answer, picture, datetime.now(UTC), title), kind).encode()
    # What cannot be written whole leaves what was there.
    partial = target.with_name(f"{target.name}.part")
    try:
        partial.write_bytes(document)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def open_in_browser(target: Path) -> bool:
    """Shows a file in the user's browser; False if there is none to see it in."""
    if sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    ):
        return False  # only browsers of the terminal are left, which would take it over
    try:
        return webbrowser.open(target.absolute().as_uri())
    except webbrowser.Error:
        return False
