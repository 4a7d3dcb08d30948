"""The image gets the name that a kubelet reads, whichever builder is there."""

import subprocess
from pathlib import Path

import pytest

from tests.deploy.kubernetes.rendered import overlay
from tests.served.server import ROOT

SCRIPT = ROOT / "deploy" / "image" / "build.sh"
SAYS_WHAT_IT_IS_TOLD = '#!/bin/sh\n[ "$1" = info ] || echo "$@"\n'


def told(builder: str, name: str, folder: Path) -> list[str]:
    """What the script tells a builder, the only one on its path."""
    tool = folder / builder
    tool.write_text(SAYS_WHAT_IT_IS_TOLD)
    tool.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT), "bento", name],
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize("builder", ["docker", "podman", "buildah"])
def test_a_name_without_a_registry_is_what_a_kubelet_takes_it_for(
    builder: str, tmp_path: Path
) -> None:
    (image,) = {each["image"] for _, each in overlay("demo-cpu").containers()}
    command = told(builder, image, tmp_path)
    assert command[command.index("--tag") + 1] == f"docker.io/library/{image}"


def test_a_name_with_a_registry_stays(tmp_path: Path) -> None:
    command = told("podman", "localhost/hikari-serve:cpu", tmp_path)
    assert command[command.index("--tag") + 1] == "localhost/hikari-serve:cpu"
