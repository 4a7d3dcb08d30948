"""What a killed server leaves is cleared by the next, and what a living one has is not."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hikari_serve.serving.run_folder import RunFolder

HOLDS = "from hikari_serve.serving.run_folder import RunFolder; f = RunFolder(); print(f.path, flush=True); input()"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return iter([None])


def test_it_is_this_users_alone_and_goes_at_the_end(tmp_path: Path) -> None:
    run = RunFolder()
    assert run.path.stat().st_mode & 0o777 == 0o700
    assert run.folder("metrics").stat().st_mode & 0o777 == 0o700
    run.remove()
    assert list(tmp_path.iterdir()) == []


def test_only_what_the_dead_left_is_cleared() -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    path = Path(other.stdout.readline().strip())
    first = RunFolder()
    assert path.is_dir(), "a living server lost its folder"
    other.kill()
    other.communicate()
    second = RunFolder()
    assert not path.exists()
    assert first.path.is_dir()
    for run in (first, second):
        run.remove()


def test_a_link_that_lies_there_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (tmp_path / "hikari-run-0").symlink_to(precious)
    RunFolder().remove()
    assert (precious / "file").exists()
