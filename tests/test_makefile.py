"""What make would run: `serve-gpu` on the cards that are there, `test-image`, `clean`."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def make(folder: Path, driver: str, *arguments: str, **environ: str) -> tuple[int, str]:
    """Runs make with a driver's tool of the test's own; returns the exit code and what it said."""
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{driver}\n")
    tool.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HIKARI_")}
    done = subprocess.run(
        ["make", "--no-print-directory", "VLLM_GPU=.venv-nowhere", *arguments, "serve-gpu"],
        cwd=ROOT,
        env={**kept, "PATH": f"{folder}:{os.environ['PATH']}", **environ},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("driver", "has"), [("exit 9", "none"), ("echo 570.86.10; echo 570.86.10", "570.86.10")]
)
def test_an_old_driver_or_none_is_said_before_anything_is_installed(
    tmp_path: Path, driver: str, has: str
) -> None:
    code, said = make(tmp_path, driver)
    assert code != 0
    assert f"driver of version 580 or newer is needed, and this machine has {has}\n" in said
    assert not (ROOT / ".venv-nowhere").exists()


def test_the_8b_cascade_is_the_default_and_is_planned_for_this_card(tmp_path: Path) -> None:
    code, said = make(tmp_path, "echo 580.65", "-n")
    assert code == 0
    assert "hikari models plan hikari_card --write .plan-hikari_card.yaml\n" in said
    assert "HIKARI_CASCADE=hikari_card HIKARI_PLAN=.plan-hikari_card.yaml" in said
    _, said = make(tmp_path, "echo 580.65", "-n", HIKARI_CASCADE="hikari")
    assert "models plan hikari --write .plan-hikari.yaml\n" in said
    _, said = make(tmp_path, "echo 580.65", "-n", HIKARI_PLAN="mine.yaml")
    assert "models plan" not in said
    assert "HIKARI_CASCADE=hikari_card HIKARI_PLAN=mine.yaml" in said


def test_what_pulls_the_weights_is_installed_first(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    (environment,) = re.findall(r"^VLLM_GPU *= (\S+)$", makefile, re.M)
    for text in (ROOT / "README.md", ROOT / "docs" / "family.md"):
        assert f"make setup-gpu && {environment}/bin/hikari models pull" in text.read_text()
    code, said = make(tmp_path, "echo 580.65", "-n", "setup-gpu")
    assert (code, "pip install -q" in said, "-r requirements-vllm.txt" in said) == (0, True, True)


def dry(*arguments: str) -> str:
    """What make would run."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-n", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.replace("\\\n", "")


@pytest.mark.parametrize("cpu", [(), ("CPU=1",)], ids=["gpu", "cpu"])
def test_the_image_is_tested_with_the_torch_that_was_asked_for(cpu: tuple[str, ...]) -> None:
    (download,) = re.findall(r"pip download .* requirements\.txt", dry("test-image", *cpu))
    assert ("--extra-index-url https://download.pytorch.org/whl/cpu" in download) == bool(cpu)


def test_the_image_is_tested_by_what_has_the_base_image() -> None:
    assert re.search(r" image BUILDER=podman .*--build-arg BASE=localhost", dry("test-image"))


def test_clean_leaves_no_environment_and_no_wheels() -> None:
    names = re.findall(
        r"^\w+ *\??= *(\.(?:venv|wheels)\S*)$", (ROOT / "Makefile").read_text(), re.M
    )
    assert {".venv", ".venv-audit", ".venv-vllm-gpu", ".wheels"} <= set(names)
    assert set(names) <= set(dry("clean").split())
