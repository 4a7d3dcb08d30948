"""The audit log: what a line says, that none is lost unseen, and that nobody waits for it."""

import hashlib
import hmac
import json
import os
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import lock_descriptor, unlock_descriptor

from hikari_serve.errors import ConfigError
from hikari_serve.observability.audit import Audit, audit_of, fields
from hikari_serve.observer import PictureTime, RequestEnd, StageTime
from hikari_serve.settings import Settings
from hikari_serve.stage import Provenance, StageResult
from tests.eventually import eventually
from tests.scripted import OUTPUTS, classified

KEY = b"k" * 32
MADE = Provenance(
    model="m", version=3, weights="w1", engine="e", dtype="float32", preprocessing="p", prompt="p-1"
)
RESULTS = {
    name: StageResult(output=output, provenance=MADE, queue_ms=0, compute_ms=1, batch_size=1)
    for name, output in OUTPUTS.items()
}


def end(number: int = 1) -> RequestEnd:
    stages = [StageTime(name, 0.1, 0.0, 0.1, result=each) for name, each in RESULTS.items()]
    stages.append(StageTime("other", 0.1, 0.0, 0.1, error="unavailable"))
    content = hashlib.sha256(b"a file").hexdigest()
    pictures = (PictureTime(0.0, 0.1, content),)
    return RequestEnd(
        f"r{number}", None, "api", "partial", None, 0.3, stages=tuple(stages), pictures=pictures
    )


def told(line: dict[str, object]) -> list[dict[str, Any]]:
    """What a line says of each picture."""
    pictures = line["pictures"]
    assert isinstance(pictures, list)
    return pictures


class Log:
    """An audit log in a folder, and what was lost."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "audit.jsonl"
        self.lost = 0

    def open(self, most_bytes: int = 10**9, waiting: int = 100) -> Audit:
        return Audit(self.path, KEY, most_bytes, self._lose, waiting)

    def _lose(self) -> None:
        self.lost += 1

    def files(self) -> list[Path]:
        return sorted(self.path.parent.glob("audit.jsonl*"))

    def requests(self) -> list[str]:
        try:
            texts = [file.read_text() for file in self.files()]
        except FileNotFoundError:  # one was renamed meanwhile
            return self.requests()
        return [json.loads(line)["request"] for text in texts for line in text.splitlines()]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path)


def test_a_line_says_what_was_answered_and_by_what() -> None:
    line = fields(end(), KEY)
    assert (line["request"], line["outcome"], line["door"]) == ("r1", "partial", "api")
    (picture,) = told(line)
    stages = picture["stages"]
    made = {"model": "m", "version": 3, "weights": "w1", "prompt": "p-1", "index": None}
    assert stages["disease"] == {
        **made,
        "labels": None,
        "decision": "answered",
        "label": "sccis",
        "probability": 0.7,
        "label_mass": 0.99,
        "probabilities": {"sccis": 0.7, "psoriasis": 0.3},
    }
    assert stages["references"]["cases"] == {"c7": 0.9}
    assert stages["other"] == {"error": "unavailable"}
    assert "plaque" not in json.dumps(line)  # words may say whom they are about


def test_who_has_the_file_and_the_key_finds_its_line() -> None:
    content = hashlib.sha256(b"a file").hexdigest()
    mine = hmac.new(KEY, content.encode(), "sha256").hexdigest()
    assert [each["hmac"] for each in told(fields(end(), KEY))] == [mine]
    assert [each["hmac"] for each in told(fields(end(), b"x" * 32))] != [mine]


def test_each_picture_has_what_was_found_in_it() -> None:
    """They end in any order; the same file may come twice, with other words."""
    others = classified("benign", "malignant", "benign")
    results = RESULTS["group"], RESULTS["group"].model_copy(update={"output": others})
    request = replace(
        end(),
        stages=tuple(
            StageTime("group", 0.1, 0.0, 0.1, result=results[at], item=at) for at in (1, 0)
        ),
        pictures=tuple(PictureTime(0.0, 0.1, "c0", item=at) for at in (1, 0)),
    )
    pictures = told(fields(request, KEY))
    assert [each["item"] for each in pictures] == [0, 1]
    labels = [each["stages"]["group"]["label"] for each in pictures]
    assert labels == ["malignant", "benign"]


def test_lines_are_appended_and_nobody_else_may_read_them(log: Log) -> None:
    for number in (1, 2):
        audit = log.open()
        audit.request_ended(end(number))
        audit.close()
    assert log.requests() == ["r1", "r2"]
    assert stat.S_IMODE(log.path.stat().st_mode) == 0o600
    assert log.lost == 0


def test_a_file_that_others_rename_is_begun_anew(log: Log) -> None:
    audit = log.open()
    audit.request_ended(end(1))
    assert eventually(lambda: log.requests() == ["r1"])
    log.path.rename(log.path.with_name("audit.jsonl.1"))  # as logrotate does
    audit.request_ended(end(2))
    audit.close()
    assert sorted(log.requests()) == ["r1", "r2"]
    assert log.path.exists()


def test_a_full_file_is_renamed(log: Log) -> None:
    audit = log.open(most_bytes=3000)
    for number in range(20):
        audit.request_ended(end(number))
    assert eventually(lambda: len(log.requests()) == 20)
    assert all(file.stat().st_size < 5000 for file in log.files())
    assert len(log.files()) > 3
    audit.request_ended(end(20))
    audit.close()
    assert sorted(log.requests()) == sorted(f"r{number}" for number in range(21))
    assert log.lost == 0


WRITER = """
import sys
from pathlib import Path
from tests.observability.test_audit import Log, end
log = Log(Path(sys.argv[1]))
audit = log.open(most_bytes=20_000, waiting=1000)
for number in range(200):
    audit.request_ended(end(int(sys.argv[2]) + number))
audit.close()
sys.exit(log.lost)
"""


def test_processes_share_a_file_and_rename_it_without_a_loss(log: Log) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(log.path.parent), f"{first}"])
        for first in (0, 200, 400)
    ]
    assert [each.wait() for each in writers] == [0, 0, 0]
    assert sorted(log.requests()) == sorted(f"r{number}" for number in range(600))
    assert len(log.files()) > 5


def test_a_line_that_another_process_writes_is_waited_for(log: Log) -> None:
    audit = log.open()
    with log.path.open("ab", buffering=0) as other:
        lock_descriptor(other.fileno())
        other.write(b'{"request": "r1"')
        audit.request_ended(end(2))
        assert not eventually(lambda: log.path.stat().st_size > 16, seconds=0.2)
        other.write(b"}\n")
        unlock_descriptor(other.fileno())
    audit.close()
    assert log.requests() == ["r1", "r2"]


FULL_DISK = """
import resource
import sys
from pathlib import Path
from tests.eventually import eventually
from tests.observability.test_audit import Log, end
log = Log(Path(sys.argv[1]))
audit = log.open()
audit.request_ended(end(1))
assert eventually(lambda: log.requests() == ["r1"])
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (log.path.stat().st_size + 100, hard))
for number in (2, 3):
    audit.request_ended(end(number))
assert eventually(lambda: log.lost == 2)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
other = log.open()  # of another process, say
other.request_ended(end(4))
other.close()
audit.request_ended(end(5))
audit.close()
"""


def test_half_a_line_on_a_full_disk_stays_alone(log: Log) -> None:
    subprocess.run([sys.executable, "-c", FULL_DISK, str(log.path.parent)], check=True)
    first, half, *last = log.path.read_text().splitlines()
    assert [json.loads(each)["request"] for each in (first, *last)] == ["r1", "r4", "r5"]
    assert len(half) == 100


ONE_DESCRIPTOR = """
import os
import resource
import sys
from pathlib import Path
from tests.eventually import eventually
from tests.observability.test_audit import Log, end
log = Log(Path(sys.argv[1]))
audit = log.open()
free = os.open("/dev/null", os.O_RDONLY)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (free + 2, hard))
audit.request_ended(end(1))
assert eventually(lambda: log.lost == 1)
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
for number in (2, 3):
    audit.request_ended(end(number))
audit.close()
"""


def test_a_moment_without_file_descriptors_costs_its_lines_alone(log: Log) -> None:
    script = [sys.executable, "-c", ONE_DESCRIPTOR, str(log.path.parent)]
    subprocess.run(script, check=True)
    assert log.requests() == ["r2", "r3"]


def test_a_full_file_that_nobody_can_rename_grows_on(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    log.path = log.path.with_name("audit.jsonl".ljust(250, "x"))  # with a time, it is too long
    one, other = log.open(most_bytes=100), log.open(most_bytes=100)
    one.request_ended(end(1))
    assert eventually(lambda: log.requests() == ["r1"], 5)
    for number in (2, 3):
        other.request_ended(end(number))
    assert eventually(lambda: log.requests() == ["r1", "r2", "r3"], 5)
    one.request_ended(end(4))
    for audit in (one, other):
        audit.close()
    assert log.requests() == ["r1", "r2", "r3", "r4"]
    assert log.lost == 0
    assert caplog.text.count("cannot be renamed, and grows on: ") == 2  # once by each of them


def test_a_disk_that_hangs_costs_lines_and_no_time(log: Log) -> None:
    audit = log.open(waiting=5)
    log.path.unlink()
    os.mkfifo(log.path)  # opening it waits for a reader
    began = time.monotonic()
    for number in range(20):
        audit.request_ended(end(number))
    assert time.monotonic() - began < 1
    assert log.lost >= 20 - 5 - 1
    reader = os.open(log.path, os.O_RDONLY)
    audit.close()
    os.close(reader)


def test_a_file_that_cannot_be_written_is_counted(
    log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    audit = log.open()
    log.path.unlink()
    log.path.mkdir()
    for number in range(3):
        audit.request_ended(end(number))
    assert eventually(lambda: log.lost == 3)
    assert caplog.text.count("the audit log cannot be written") == 1
    log.path.rmdir()
    audit.request_ended(end(9))
    audit.close()
    assert log.requests() == ["r9"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (None, "HIKARI_AUDIT_KEY names no file"),
        ("short", "no key of at least 16 bytes"),
        ("k" * 16, "HIKARI_AUDIT: /nowhere/a.jsonl cannot be written"),
    ],
)
def test_a_wrong_setting_is_one_sentence(tmp_path: Path, key: str | None, message: str) -> None:
    file = tmp_path / "key"
    file.write_text(key or "")
    settings = Settings(audit="/nowhere/a.jsonl", audit_key=str(file) if key else "")
    with pytest.raises(ConfigError, match=message):
        audit_of(settings, lambda: None)
    with pytest.raises(ConfigError, match="cannot be read"):
        audit_of(Settings(audit="a", audit_key=str(tmp_path / "none")), lambda: None)
    assert audit_of(Settings(), lambda: None) == ()
