"""The Bento is built offline, installs the library with its entry points, and serves from anywhere."""

import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import httpx
import yaml

from hikari_serve import __version__
from hikari_serve.drawing.cases import Drawing
from tests.served.pictures import png
from tests.served.server import ROOT, serving


def run(*command: str, folder: Path = ROOT, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "BENTOML_DO_NOT_TRACK": "true", **more},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_bento_installs_the_library_and_serves(drawings: list[Drawing], tmp_path: Path) -> None:
    home, site = tmp_path / "home", tmp_path / "site"
    (wheel,) = yaml.safe_load((ROOT / "bentofile.yaml").read_text())["python"]["wheels"]
    assert wheel == f"dist/hikari_serve-{__version__}-py3-none-any.whl"
    pip = ("-m", "pip", "-q", "--disable-pip-version-check")
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", "dist", ".")
    tag = run("-m", "bentoml", "build", "--output", "tag", BENTOML_HOME=str(home))
    tag = tag.removeprefix("__tag__:")
    name, _, version = tag.partition(":")
    bento = home / "bentos" / name / version
    assert not (bento / "src" / "hikari_serve").exists()

    # what the image's script does with the wheels of a Bento
    packed = [str(path) for path in (bento / "env" / "python" / "wheels").glob("*.whl")]
    assert [Path(path).name for path in packed] == [Path(wheel).name]
    run(*pip, "install", "--no-deps", "--target", str(site), *packed)
    assert not (site / "demo").exists()
    (installed,) = distributions(name="hikari-serve", path=[str(site)])
    assert {(each.group, each.name) for each in installed.entry_points} >= {
        ("console_scripts", "hikari"),
        ("hikari_serve.engines", "transformers"),
        ("vllm.general_plugins", "hikari"),
    }
    code = "import hikari_serve; print(hikari_serve.__file__)"
    assert run("-c", code, folder=tmp_path, PYTHONPATH=str(site)).startswith(str(site))
    with serving(home, tag, folder=tmp_path, PYTHONPATH=str(site)) as server:
        files = {"image": png(drawings[0].image)}
        answer = httpx.post(f"{server.url}/diagnose", files=files, timeout=60).json()
        assert answer["group"]["label"] == drawings[0].group
