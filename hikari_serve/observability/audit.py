"""An observer that writes what was answered to whom: one line of JSON a request, only appended.

A line has the request's id and outcome, and of each picture an HMAC of its file, what produced the
answer, and its decisions with their probabilities: who has the key and the file can find the line,
and nobody can tell a picture from it. `docs/logs.md` has an example.

Requests never wait for the file: a thread writes. What it cannot write is counted as lost.
"""

import atexit
import hmac
import json
import logging
import os
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from hikari_serve import __version__
from hikari_serve.errors import ConfigError
from hikari_serve.observer import Observer, RequestEnd
from hikari_serve.settings import Settings
from hikari_serve.stage import Classification, Retrieval, StageResult

logger = logging.getLogger(__name__)

LEAST_KEY = 16
"""Bytes of a key; `openssl rand -hex 32` makes a good one."""

WAITING = 10_000
"""Lines that may wait for the file, about 10 MB."""

POLL_SECONDS = 0.001
"""How often a process looks whether another has written its line."""

LAST_SECONDS = 5.0
"""How long a process that ends may still write."""


def audit_of(settings: Settings, lost: Callable[[], None]) -> "tuple[Audit, ...]":
    """The audit log that the settings name, if they name one.

    Args:
        settings: Name the file and its key.
        lost: Hears of each line that could not be written.

    Raises:
        ConfigError: The key is missing or too short, or a file cannot be read or written.
    """
    if not settings.audit:
        return ()
    if not settings.audit_key:
        raise ConfigError("HIKARI_AUDIT is set, but HIKARI_AUDIT_KEY names no file with a key")
    try:
        key = Path(settings.audit_key).read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"HIKARI_AUDIT_KEY: {settings.audit_key} cannot be read: {error}"
        ) from None
    if len(key) < LEAST_KEY:
        raise ConfigError(
            f"HIKARI_AUDIT_KEY: {settings.audit_key} has no key of at least {LEAST_KEY} bytes"
        )
    return (Audit(Path(settings.audit), key, settings.audit_bytes, lost),)


class Audit(Observer):
    """Writes the lines; several processes may write to one file."""

    def __init__(
        self,
        path: Path,
        key: bytes,
        most_bytes: int,
        lost: Callable[[], None],
        waiting: int = WAITING,
    ) -> None:
        """Args:
        path: The file.
        key: Of the HMACs.
        most_bytes: The file is renamed when it has grown to this, and begun anew.
        lost: Hears of each line that could not be written.
        waiting: Lines that may wait.

        Raises:
            ConfigError: The file cannot be written.
        """
        self._key = key
        self._lost = lost
        self._lines: queue.Queue[str | None] = queue.Queue(waiting)
        self._file = _File(path, most_bytes)
        self._thread: threading.Thread | None = None
        try:
            self._file.open()
            self._file.close()  # most processes that read the settings write nothing
        except OSError as error:
            raise ConfigError(f"HIKARI_AUDIT: {path} cannot be written: {error}") from None

    def request_ended(self, request: RequestEnd) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="audit", daemon=True)
            self._thread.start()
            atexit.register(self.close)
        try:
            self._lines.put_nowait(json.dumps(fields(request, self._key)) + "\n")
        except queue.Full:
            self._lost()

    def close(self) -> None:
        """Writes what still waits, for some seconds at most."""
        if self._thread is None:
            return
        atexit.unregister(self.close)
        with suppress(queue.Full):
            self._lines.put(None, timeout=LAST_SECONDS)
            self._thread.join(LAST_SECONDS)

    def _write(self) -> None:
        well = True
        while (line := self._lines.get()) is not None:
            try:
                self._file.append(line.encode())
                well = True
            except OSError as error:
                self._lost()
                if well:
                    logger.error("the audit log cannot be written: %s", error)
                well = False


def fields(request: RequestEnd, key: bytes) -> dict[str, object]:
    """What a line says of a request."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {
        "time": now,
        "request": request.id,
        "door": request.door,
        "outcome": request.outcome,
        "cause": request.cause,
        "server": __version__,
        "pictures": [_picture(request, item, key) for item in sorted(_items(request))],
    }


def _items(request: RequestEnd) -> set[int]:
    """Those of which anything is known: no decision is left out."""
    return {each.item for each in request.pictures} | {each.item for each in request.stages}


def _picture(request: RequestEnd, item: int, key: bytes) -> dict[str, object]:
    contents = [each.content for each in request.pictures if each.item == item]
    return {
        "item": item,
        "hmac": content_hmac(key, contents[0]) if contents else None,
        "stages": {
            each.stage: _answered(each.result) if each.result else {"error": each.error}
            for each in request.stages
            if each.item == item
        },
    }


def content_hmac(key: bytes, content: str) -> str:
    """HMAC-SHA256, in hexadecimal, of the SHA-256 of a picture's file, in hexadecimal."""
    return hmac.digest(key, content.encode(), "sha256").hex()


def _answered(result: StageResult) -> dict[str, object]:
    made, output = result.provenance, result.output
    found: dict[str, object] = {
        "model": made.model,
        "version": made.version,
        "weights": made.weights,
        "index": made.index,
        "prompt": made.prompt,
        "labels": made.labels,
    }
    if isinstance(output, Classification):
        found |= {
            "decision": output.decision,
            "label": output.label,
            "probability": output.probability,
            "label_mass": output.label_mass,
            "probabilities": dict(output.scores),
        }
    elif isinstance(output, Retrieval):
        found["cases"] = {case.id: case.similarity for case in output.cases}
    return found


@dataclass(slots=True)
class _File:
    """A file that several processes append to, and that is renamed when it is full, if it can be.

    Whoever writes to it holds its lock: a line may be seen before it is whole. Who renames it does
    too, and the others see then that its name is another's.
    """

    path: Path
    most_bytes: int
    descriptor: int = -1
    reader: int = -1
    grows_on: bool = False

    def open(self) -> None:
        """Opens it, or begins it."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self.descriptor = os.open(self.path, flags, 0o600)
        try:
            self.reader = os.open(self.path, os.O_RDONLY)
        except OSError:  # as without descriptors: the next line begins with both
            self.close()
            raise

    def append(self, line: bytes) -> None:
        """Writes a line.

        Raises:
            OSError: It could not be written whole.
        """
        self._lock()
        try:
            if not self._ends_well():  # whoever's line is not whole, as on a full disk, is alone
                line = b"\n" + line
            written = os.write(self.descriptor, line)
            if written < len(line):
                raise OSError(f"{written} of {len(line)} bytes were written")
            if os.fstat(self.descriptor).st_size >= self.most_bytes:
                self._rename()
        finally:
            if self.descriptor >= 0:
                unlock_descriptor(self.descriptor)

    def _lock(self) -> None:
        """Takes the lock of the file that has the name now."""
        while True:
            if self.descriptor < 0:
                self.open()
            lock_descriptor(self.descriptor, poll_interval=POLL_SECONDS)
            if self._is_named():
                return
            self.close()

    def _ends_well(self) -> bool:
        """Whether its last line is whole."""
        size = os.fstat(self.reader).st_size
        return size == 0 or os.pread(self.reader, 1, size - 1) == b"\n"

    def _is_named(self) -> bool:
        """Whether the open file is still the one of that name: others may have renamed it."""
        try:
            return os.path.samestat(os.stat(self.path), os.fstat(self.descriptor))
        except FileNotFoundError:
            return False

    def _rename(self) -> None:
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        try:
            self.path.rename(self.path.with_name(f"{self.path.name}.{now}"))
        except OSError as error:  # its folder is another's, or it is mounted: no line is lost
            if not self.grows_on:
                logger.error("the audit log cannot be renamed, and grows on: %s", error)
            self.grows_on = True
        else:
            self.grows_on = False
            self.close()  # and with it the lock, for which others may wait

    def close(self) -> None:
        """Closes it, if it is open."""
        for each in (self.descriptor, self.reader):
            if each >= 0:
                os.close(each)
        self.descriptor = self.reader = -1
