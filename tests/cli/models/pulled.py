"""The demo repository as it is after a pull, with no hub to ask."""

import json
import shutil
from pathlib import Path

from hikari_serve.repository.digest import file_digest
from tests.cli.models.test_pull import HUB, sourced
from tests.repository.hub_server import COMMIT


def lay_pulled(root: Path) -> Path:
    """Lays it into the folders `models` and `weights`, the group model's weights pulled.

    Returns:
        The folder of these weights.
    """
    config = sourced(root) / "demo_group" / "config.yaml"
    config.write_text(config.read_text().replace("revision: v1", f"revision: {COMMIT}"))
    folder = root / "weights" / "demo_group" / COMMIT
    folder.parent.mkdir(parents=True)
    shutil.move(root / "hub", folder)
    files = {
        path.name: {
            "size": path.stat().st_size,
            "sha256": file_digest(path),
            "mtime_ns": path.stat().st_mtime_ns,
        }
        for path in folder.iterdir()
    }
    record = {"hub": HUB, "commit": COMMIT, "files": files}
    (folder / "pulled.json").write_text(json.dumps(record))
    folder.joinpath("model.safetensors").chmod(0o600)  # pods are another user
    return folder
