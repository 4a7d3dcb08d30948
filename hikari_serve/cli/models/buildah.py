"""Builds an image of files alone with buildah, which needs neither a daemon nor a base image."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hikari_serve.cli.models.image import Part, labels_of
from hikari_serve.cli.terminal import Bar
from hikari_serve.errors import ConfigError
from hikari_serve.repository.weights import PICKLED

TOOL = "buildah"
REPRODUCIBLE = ("--format=oci", "--layers", "--timestamp=0", "--identity-label=false")
"""The same files give the same image: no time of theirs or of the build is in it."""


def check_buildah() -> None:
    """Returns if buildah is on this machine.

    Raises:
        ConfigError: It is not.
    """
    if shutil.which(TOOL) is None:
        raise ConfigError(
            "buildah is needed to build an image, and is not on this machine: "
            "`apt-get install buildah` or `dnf install buildah`, on Linux"
        )


def build(parts: Sequence[Part], to: str) -> str:
    """Builds an image of the parts' files, readable by every user, and pushes it.

    Blocking, as long as copying and compressing them takes. Nothing stays in buildah's storage,
    an equal image that was there neither.

    Args:
        parts: What it holds.
        to: Where to, as `buildah push` names it.

    Returns:
        The digest of its manifest there: layers are compressed on their way, so that the digest
        in buildah's own storage is another.

    Raises:
        ConfigError: buildah failed.
    """
    contexts = [f"--build-context=part{n}={part.folder}" for n, part in enumerate(parts)]
    labels = [f"--label={key}={value}" for key, value in labels_of(parts).items()]
    with TemporaryDirectory() as folder:
        (Path(folder) / "Containerfile").write_text("\n".join(containerfile(parts)) + "\n")
        with Bar("Building the image"):
            image = _run("build", "--quiet", *REPRODUCIBLE, *contexts, *labels, folder)
        try:
            digest = Path(folder) / "digest"
            with Bar(f"Pushing to {to}"):
                _run("push", "--quiet", f"--digestfile={digest}", image, to)
            return digest.read_text()
        finally:
            subprocess.run([TOOL, "rmi", "--force", image], capture_output=True, check=False)


def containerfile(parts: Sequence[Part]) -> Iterator[str]:
    """The lines that describe the image.

    Each file of weights is a layer, since registries limit a layer's size, and another image of
    the same file has the same layer.
    """
    yield "FROM scratch"
    for number, part in enumerate(parts):
        large = [name for name in part.files if name.endswith((".safetensors", PICKLED))]
        small = [name for name in part.files if name not in large]
        for names in ([small] if small else []) + [[name] for name in large]:
            arguments = json.dumps([*names, f"/{part.place}/"])
            yield f"COPY --from=part{number} --chmod=0444 {arguments}"


def _run(*arguments: str) -> str:
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ConfigError(f"buildah {arguments[0]} failed: {said[-1]}")
    return done.stdout.strip()
