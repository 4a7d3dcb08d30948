"""The command itself: quick, and short about mistakes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hikari_serve import __version__
from tests.cli.conftest import Hikari


def test_its_version(hikari: Hikari) -> None:
    done = hikari("--version")
    assert (done.exit_code, done.stdout) == (0, f"hikari-serve {__version__}\n")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, hikari_serve.cli.main as _; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "transformers", "bentoml", "tritonclient", "pydantic", "numpy", "httpx"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("wrong", [["modles"], ["diagnose"], ["diagnose", "x", "--top-k", "0"]])
def test_wrong_usage_is_exit_code_2(hikari: Hikari, wrong: list[str]) -> None:
    assert hikari(*wrong).exit_code == 2


def test_a_mistake_is_one_sentence(
    hikari: Hikari, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = hikari("demo", "draw", "--out", tmp_path / "file")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"hikari: {tmp_path / 'file'}: File exists\n"
    monkeypatch.setenv("HIKARI_MODLES", "x")
    done = hikari("models", "list")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "hikari: HIKARI_MODLES is no setting of this server; did you mean HIKARI_MODELS?\n"
    )


@pytest.mark.parametrize(
    ("command", "encoding", "said"),
    [
        (["labels", "match", "-"], "utf-8", "what was read is not utf-8: invalid start byte at 1"),
        (
            ["demo", "draw", "--out", "{}/\u03bb"],
            "latin-1",
            "'\\u03bb' cannot be written in latin-1",
        ),
    ],
)
def test_what_is_no_text_is_one_sentence(
    tmp_path: Path, command: list[str], encoding: str, said: str
) -> None:
    arguments = [each.format(tmp_path) for each in command]
    done = subprocess.run(
        [sys.executable, "-c", "from hikari_serve.cli.main import app; app()", *arguments],
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"},
        input=b"a\xff", capture_output=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.decode()) == (1, f"hikari: {said}\n")


def test_a_reader_that_has_enough_is_no_mistake(models: Path) -> None:
    code = "from hikari_serve.cli.main import app; app(['models', 'list', '--json'])"
    command = f'"{sys.executable}" -c "{code}" | true'
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_drawings_and_their_truth(hikari: Hikari, tmp_path: Path) -> None:
    done = hikari("demo", "draw", "--count", 3, "--seed", 7, "--out", tmp_path / "lesions")
    assert done.exit_code == 0
    assert len(list((tmp_path / "lesions").glob("*.png"))) == 3
    assert len((tmp_path / "lesions" / "labels.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize("name", ["labels.csv", "00001.png"])
def test_drawings_replace_nothing_unless_told(hikari: Hikari, tmp_path: Path, name: str) -> None:
    mine = tmp_path / name
    mine.write_text("mine")
    draw = ("demo", "draw", "--count", 2, "--out", tmp_path)
    done = hikari(*draw)
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [mine])
    assert done.stderr.startswith(f"hikari: {mine} is there already")
    assert mine.read_text() == "mine"
    assert hikari(*draw, "--force").exit_code == 0
    assert mine.read_bytes() != b"mine"
