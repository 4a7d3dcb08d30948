"""A log for machines: one JSON object a line."""

import json
import logging
from datetime import UTC, datetime

FIELDS = "fields"
"""What a record may have in place of a message: a mapping, whose items stand in the object."""


class JsonLines(logging.Formatter):
    """Writes a record as JSON: time, level, process, and its fields or its message."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "process": getattr(record, "component", "").strip("[]"),
        }
        if fields := getattr(record, FIELDS, None):
            return json.dumps({**said, **fields})
        said["logger"] = record.name
        said["message"] = getattr(record, "plain", None) or record.getMessage()
        if request := getattr(record, "request", ""):
            said["request"] = request
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said)
