"""The client without torch: what its wheel asks for, and a process that has nothing else."""

import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

ROOT = Path(__file__).parents[2]

ALONE = """
import sys

allowed = set(sys.argv[1].split(","))

class Absent:
    def find_spec(self, name, path=None, target=None):
        own = name.startswith("_sysconfigdata")  # of the standard library, by the system's name
        if not own and name.partition(".")[0] not in allowed | sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from hikari_serve.client import AsyncClient, Client
from hikari_serve.cli.main import app

Client("http://localhost:3000").close()
sys.argv = ["hikari", *sys.argv[2:]]
app()
"""


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def required(extra: str = "") -> set[str]:
    """The names of all that comes with the wheel, or of what an extra of it asks for."""
    asked = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    found: set[str] = set()
    waiting = list(map(Requirement, asked))
    while waiting:
        need = waiting.pop()
        name = canonicalize_name(need.name)
        if name in found or not (need.marker is None or need.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        waiting += map(Requirement, distribution(name).requires or ())
    return found


def pinned(file: str) -> set[str]:
    """The names that a file of pins has."""
    lines = (ROOT / file).read_text().splitlines()
    return {canonicalize_name(line.partition("==")[0]) for line in lines if "==" in line}


def alone(*command: str) -> subprocess.CompletedProcess[str]:
    """Runs `hikari` where nothing else can be imported."""
    names = required()
    modules = [
        module
        for module, owners in packages_distributions().items()
        if names & set(map(canonicalize_name, owners)) or module == "hikari_serve"
    ]
    return subprocess.run(
        [sys.executable, "-c", ALONE, ",".join(modules), *command],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_wheel_asks_for_nothing_that_runs_models() -> None:
    assert not {"torch", "transformers", "bentoml", "tritonclient", "grpcio"} & required()
    serving = {
        canonicalize_name(Requirement(each).name)
        for each in PROJECT["optional-dependencies"]["serve"]
    }
    assert {"torch", "transformers", "bentoml"} <= serving
    assert serving | required() <= pinned("requirements.txt")


@pytest.mark.parametrize("pins", ["requirements.txt", "requirements-vllm.txt"])
def test_what_an_image_installs_can_send_traces(pins: str) -> None:
    assert required("traces") <= pinned(pins)


def test_the_client_and_the_command_need_nothing_else(tmp_path: Path) -> None:
    done = alone("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("hikari-serve ")
    picture = tmp_path / "lesion.png"
    Image.new("RGB", (64, 64)).save(picture)
    done = alone("diagnose", str(picture), "--url", "http://127.0.0.1:9")
    assert (done.returncode, "http://127.0.0.1:9 cannot be reached" in done.stderr) == (1, True)
    done = alone("top", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "http://127.0.0.1:9/metrics cannot be read" in done.stderr
    done = alone("diagnose", str(picture))
    assert done.returncode == 1
    assert "is not installed here: pip install '.[serve]' in the checkout" in done.stderr
    assert done.stderr.count("\n") == 1


def test_nobody_is_told_to_install_it_by_a_name_that_anybody_may_register() -> None:
    texts = [
        ROOT / "README.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "hikari_serve").rglob("*.py"),
    ]
    by_name = re.compile(r"pip\s+install\s+[`'\"]?hikari[-_]serve|hikari-serve\[")
    assert [text for text in texts if by_name.search(text.read_text())] == []
