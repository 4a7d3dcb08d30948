"""The results: one line of JSON a row, on the disk as soon as it was measured.

Whatever ends a run leaves every line before it whole. A last line that was cut is taken away when
the run goes on.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Entry = Mapping[str, Any]
"""A line: `kind` is `machine`, `row` or `failed`."""

Key = tuple[str, str, str, int]
"""Engine, quantisation, row and batch: what a measured line is known by."""


def key_of(entry: Entry) -> Key:
    """What a `row` or `failed` line tells of."""
    return entry["engine"], entry["quantization"], entry["row"], int(entry["batch"])


class Journal:
    """A file of results."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Entry) -> None:
        """Writes a line and waits until it is on the disk."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every whole line; none where there is no file."""
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines(keepends=True):
                if line.endswith("\n"):
                    yield json.loads(line)

    def measured(self) -> set[Key]:
        """What need not be measured again.

        What failed is tried again, and so is what was measured before the checkpoint made a label
        likely: those rows do not say how far they read on.
        """
        return {
            key_of(entry)
            for entry in self.entries()
            if entry["kind"] == "row" and "read_on" in entry
        }

    def mend(self) -> None:
        """Takes away a last line that was cut."""
        if self.path.exists():
            content = self.path.read_bytes()
            os.truncate(self.path, content.rfind(b"\n") + 1)
