"""Who may ask for what: keys in a file, each with a scope."""

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self, get_args

from hikari_serve.errors import ConfigError, Forbidden, Unauthorized

Right = Literal["infer", "admin"]
"""`infer` may ask for answers; `admin` may do all that `infer` may, and change what is served."""

LEAST = 16
"""Characters of a key; `openssl rand -hex 32` makes a good one."""


class Keys:
    """The keys of a server, by their digests; none of them is in memory."""

    def __init__(self, keys: Mapping[str, Right]) -> None:
        self._rights = {_digest(key): right for key, right in keys.items()}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads a file of lines such as `infer KEY`; empty ones and those with `#` are none.

        Raises:
            ConfigError: It cannot be read, has no key, or a line is wrong; no key is quoted.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"HIKARI_KEYS: {path} cannot be read: {error}") from None
        keys: dict[str, Right] = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            right, _, key = line.strip().partition(" ")
            key = key.strip()
            if right not in get_args(Right) or len(key) < LEAST or not key.isascii() or " " in key:
                raise ConfigError(
                    f"HIKARI_KEYS: {path}:{number}: a line is `infer` or `admin`, a blank and a "
                    f"key of at least {LEAST} ASCII characters"
                )
            keys[key] = "admin" if right == "admin" else "infer"
        if not keys:
            raise ConfigError(f"HIKARI_KEYS: {path} has no key")
        return cls(keys)

    @property
    def rights(self) -> frozenset[Right]:
        """The rights that its keys give."""
        return frozenset(self._rights.values())

    def check(self, headers: Mapping[str, str], needed: Right) -> None:
        """Returns if a request has a key that gives the right.

        Args:
            headers: Of the request, by names in small letters: `authorization: Bearer KEY`, or
                `x-api-key: KEY`.
            needed: The right.

        Raises:
            Unauthorized: It has no key, or one that is not known.
            Forbidden: The key's right is another.
        """
        kind, _, key = headers.get("authorization", "").partition(" ")
        given = key.strip() if kind.lower() == "bearer" else headers.get("x-api-key", "")
        digest = _digest(given)
        right: Right | None = None
        for known, its in self._rights.items():  # all of them, so that none takes longer
            if hmac.compare_digest(known, digest):
                right = its
        if right is None:
            raise Unauthorized("a key is needed: send `Authorization: Bearer KEY`")
        if needed == "admin" and right != "admin":
            raise Forbidden("this needs a key with the right `admin`")


def check_control(control: str, keys: Keys | None) -> None:
    """Returns if somebody may load and unload models, or nobody is to.

    Not even on loopback without a key: any page in a browser there can send such a request.

    Args:
        control: What HIKARI_MODEL_CONTROL says.
        keys: The server's.

    Raises:
        ConfigError: There is no key of the scope `admin`.
    """
    if control != "none" and (keys is None or "admin" not in keys.rights):
        raise ConfigError(
            f"HIKARI_MODEL_CONTROL={control} needs HIKARI_KEYS with a key of the scope `admin`: "
            "without one any page in a browser on this machine could load and unload models"
        )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
