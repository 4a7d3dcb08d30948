"""The image gets the name that a kubelet reads, whichever builder is there."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.deploy.kubernetes.rendered import overlay
from tests.served.server import ROOT

SCRIPT = ROOT / "deploy" / "image" / "build.sh"
VERSIONS = {
    "docker": "Docker version 28.2.2, build e6534b4",
    "podman": "podman version 4.3.1",
    "buildah": "buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)",
}


def stand_in(folder: Path, name: str, version: str) -> None:
    """A builder that says what it is, and else what it is told."""
    tool = folder / name
    tool.write_text(
        f"""#!/bin/sh
case $1 in
info) ;;
--version) echo "{version}" ;;
*) echo {name} "$@" ;;
esac
"""
    )
    tool.chmod(0o755)


def build(name: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), "bento", name],
        env={"PATH": str(folder), **environ},
        capture_output=True,
        text=True,
    )


def told(builder: str, name: str, folder: Path) -> list[str]:
    """What the script tells a builder, the only one on its path."""
    stand_in(folder, builder, VERSIONS[builder])
    return build(name, folder).stdout.split()


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


def test_the_builder_can_be_named(tmp_path: Path) -> None:
    for builder, version in VERSIONS.items():
        stand_in(tmp_path, builder, version)
    assert build("hikari-serve:cpu", tmp_path).stdout.startswith("docker build ")
    named = build("hikari-serve:cpu", tmp_path, BUILDER="podman")
    assert named.stdout.startswith("podman build ")
    none = build("hikari-serve:cpu", tmp_path, BUILDER="nerdctl")
    assert (none.returncode, none.stderr) == (1, "nerdctl is needed\n")


@pytest.mark.parametrize("named", [*VERSIONS, "podman as docker"])
def test_the_image_has_its_health_check_by_whatever_builder(named: str, tmp_path: Path) -> None:
    builder, _, name = named.partition(" as ")
    stand_in(tmp_path, name or builder, VERSIONS[builder])
    command = build("hikari-serve:cpu", tmp_path).stdout
    assert (" --format docker " in command) == (named != "docker")


def test_no_builder_is_a_sentence(tmp_path: Path) -> None:
    none = build("hikari-serve:cpu", tmp_path)
    assert (none.returncode, none.stderr) == (1, "docker, podman or buildah is needed\n")


def test_an_offline_build_has_all_that_the_image_installs() -> None:
    (installed,) = re.findall(
        r"cyclonedx-bom==\S+", (ROOT / "deploy" / "image" / "Dockerfile").read_text()
    )
    page = (ROOT / "docs" / "operations.md").read_text()
    for text in (page, (ROOT / "Makefile").read_text()):
        assert f"-r requirements.txt {installed}\n" in text
