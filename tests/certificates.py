"""Certificates that a test makes for itself."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate of 127.0.0.1, which is its own root."""

    cert: str
    key: str


def self_signed(folder: Path, *more: str) -> Certificate:
    """Makes a certificate with its key in a folder, which is made as well.

    Args:
        folder: Where to.
        more: Arguments of `openssl req`; without any the key has no password.
    """
    folder.mkdir()
    made = Certificate(str(folder / "cert.pem"), str(folder / "key.pem"))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", made.key, "-out", made.cert, "-days", "2"]
    subprocess.run(
        [*command, *names, *files, *(more or ("-nodes",))], check=True, capture_output=True
    )
    return made
