"""Certificates: the server's own, and those that it trusts its stages by."""

import ssl
from pathlib import Path
from typing import Any

from hikari_serve.errors import ConfigError


def certified(cert: str, key: str) -> dict[str, Any]:
    """BentoML's `ssl` settings of a service.

    Args:
        cert: File in PEM: the certificate, and those between it and its root.
        key: File in PEM: its private key, without a password. Empty as `cert` is, for plain HTTP.

    Raises:
        ConfigError: One is missing, cannot be read, or they do not belong together.
    """
    if not cert and not key:
        return {"enabled": False}
    if not cert or not key:
        raise ConfigError("HIKARI_TLS_CERT and HIKARI_TLS_KEY: set both, or neither")
    _check_readable("HIKARI_TLS_CERT", cert)
    _check_readable("HIKARI_TLS_KEY", key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(
            f"HIKARI_TLS_CERT, HIKARI_TLS_KEY: {cert} and {key} are no certificate and its private "
            f"key in PEM without a password: {error}"
        ) from None
    return {"enabled": True, "certfile": cert, "keyfile": key}


def private_key_and_chain(cert: str, key: str) -> tuple[bytes, bytes] | None:
    """What gRPC speaks TLS with: the files that `certified` has checked; None for none."""
    return (Path(key).read_bytes(), Path(cert).read_bytes()) if cert else None


def trusted(ca: str) -> ssl.SSLContext:
    """What servers are trusted by.

    Args:
        ca: File of certificates in PEM; empty for those that the system trusts.

    Raises:
        ConfigError: It cannot be read, or holds none.
    """
    if not ca:
        return ssl.create_default_context()
    _check_readable("HIKARI_STAGE_CA", ca)
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError as error:
        raise ConfigError(f"HIKARI_STAGE_CA: {ca} has no certificate in PEM: {error}") from None


def _check_readable(name: str, path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise ConfigError(f"{name}: {path} cannot be read: {error.strerror}") from None
