"""The description is valid, and whoever believes it finds no error of the server's own."""

import os
import re
import subprocess
import sys
from pathlib import Path

from openapi_spec_validator import validate

from tests.serving.conftest import Api

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def test_it_is_valid(api: Api) -> None:
    validate(api.client.get("/docs.json").json())


def test_schemathesis_finds_nothing(api: Api, tmp_path: Path) -> None:
    command = ["run", f"{api.url}/docs.json", "--checks", CHECKS, "--max-examples", "15"]
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *command, "--seed", "15", "--no-color"],
        cwd=tmp_path, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    tried = re.search(r"(\d+) generated, \1 passed", done.stdout)
    assert tried is not None
    assert int(tried[1]) > 300
