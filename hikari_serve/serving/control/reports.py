"""What each worker says of itself: how far it has followed, and what it could not load."""

import os
from collections.abc import Mapping
from pathlib import Path

from hikari_serve.serving.control.whole import write_whole
from hikari_serve.stage import Frozen

FOLDER = "reports"

Failures = Mapping[str, Mapping[int, str]]
"""Why versions cannot be loaded, by model and version."""


class Report(Frozen):
    """A worker's word.

    Attributes:
        stage: The stage that it runs.
        process: Its process id.
        revision: The revision that it has followed.
        failures: Why it could not load versions, by model and version.
    """

    stage: str
    process: int
    revision: int
    failures: Mapping[str, Mapping[int, str]] = {}


def tell(folder: Path, report: Report) -> None:
    """Says it, in place of what this worker said before."""
    reports = folder / FOLDER
    reports.mkdir(exist_ok=True)
    write_whole(reports / f"{report.stage}-{report.process}.json", report)


def told(folder: Path) -> list[Report]:
    """What the workers say that live; what the dead said is forgotten."""
    found = []
    for path in (folder / FOLDER).glob("*.json"):
        try:
            report = Report.model_validate_json(path.read_text())
        except FileNotFoundError:
            continue  # another process has just forgotten it
        if _lives(report.process):
            found.append(report)
        else:
            path.unlink(missing_ok=True)
    return found


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
