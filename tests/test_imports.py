"""What may know what: the contracts under `[tool.importlinter]` in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from importlinter.api import read_configuration

ROOT = Path(__file__).parents[1]


def test_the_contracts_are_kept() -> None:
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 broken" in done.stdout


@pytest.mark.parametrize(
    "package",
    read_configuration(str(ROOT / "pyproject.toml"))["session_options"]["root_packages"],
)
def test_the_contracts_see_every_file(package: str) -> None:
    """A folder without `__init__.py` would be passed over."""
    files = {path.relative_to(ROOT).with_suffix("") for path in (ROOT / package).rglob("*.py")}
    names = {".".join(file.parts).removesuffix(".__init__") for file in files}
    assert len(names) > 1
    assert names <= grimp.build_graph(package, cache_dir=None).modules
