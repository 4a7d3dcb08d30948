"""The library and the cascade in one process need no BentoML."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

CODE = """
import asyncio, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("bentoml", "_bentoml_sdk", "_bentoml_impl"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
try:
    import bentoml
except ModuleNotFoundError:
    pass
else:
    sys.exit("bentoml can be imported all the same")

import importlib, pkgutil
import hikari_serve
for module in pkgutil.walk_packages(hikari_serve.__path__, "hikari_serve."):
    outside = ("hikari_serve.serving", "hikari_serve.engines.vllm", "hikari_serve.engines.sglang")
    if not module.name.startswith(outside):
        importlib.import_module(module.name)

from hikari_serve.cli.main import app
app(["diagnose", sys.argv[1], "--until", "group", "--json"], standalone_mode=True)
"""


def test_it_answers_where_bentoml_is_not_installed(tmp_path: Path) -> None:
    picture = tmp_path / "lesion.png"
    Image.new("RGB", (64, 64), "brown").save(picture)
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(picture)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert '"status"' in done.stdout
