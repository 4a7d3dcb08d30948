"""A wrong certificate is one sentence at the start, and a stage is trusted by the right one only."""

import asyncio
from pathlib import Path

import pytest

from hikari_serve.errors import ConfigError, Unavailable
from hikari_serve.serving.hop.remote import RemoteStage
from hikari_serve.serving.tls import certified, trusted
from tests.certificates import self_signed
from tests.serving.hop.running import Runner


def test_none_is_plain_http() -> None:
    assert certified("", "") == {"enabled": False}


def test_a_certificate_with_its_key_is_taken(tmp_path: Path) -> None:
    made = self_signed(tmp_path / "own")
    assert certified(made.cert, made.key) == {
        "enabled": True,
        "certfile": made.cert,
        "keyfile": made.key,
    }


@pytest.mark.parametrize(
    ("cert", "key", "says"),
    [
        ("own/cert.pem", "", "HIKARI_TLS_CERT and HIKARI_TLS_KEY: set both, or neither"),
        ("", "own/key.pem", "HIKARI_TLS_CERT and HIKARI_TLS_KEY: set both, or neither"),
        ("nowhere", "own/key.pem", "HIKARI_TLS_CERT: .*nowhere cannot be read: No such file"),
        ("own/cert.pem", "nowhere", "HIKARI_TLS_KEY: .*nowhere cannot be read: No such file"),
        ("own", "own/key.pem", "HIKARI_TLS_CERT: .*own cannot be read: Is a directory"),
        ("own/cert.pem", "other/key.pem", "are no certificate and its private key"),
        ("own/key.pem", "own/key.pem", "are no certificate and its private key"),
        ("own/cert.pem", "own/cert.pem", "are no certificate and its private key"),
        ("words", "own/key.pem", "are no certificate and its private key"),
        ("locked/cert.pem", "locked/key.pem", "private key in PEM without a password"),
    ],
)
def test_what_is_none_is_a_sentence(tmp_path: Path, cert: str, key: str, says: str) -> None:
    self_signed(tmp_path / "own")
    self_signed(tmp_path / "other")
    self_signed(tmp_path / "locked", "-passout", "pass:secret")
    (tmp_path / "words").write_text("no certificate")
    with pytest.raises(ConfigError, match=says) as raised:
        certified(cert and str(tmp_path / cert), key and str(tmp_path / key))
    assert "\n" not in raised.value.message


@pytest.mark.parametrize(("ca", "says"), [("nowhere", "cannot be read"), ("words", "in PEM")])
def test_a_wrong_root_is_a_sentence(tmp_path: Path, ca: str, says: str) -> None:
    (tmp_path / "words").write_text("no certificate")
    with pytest.raises(ConfigError, match=f"HIKARI_STAGE_CA: .*{ca} .*{says}"):
        trusted(str(tmp_path / ca))


def test_a_stage_is_trusted_by_its_own_root_only(tmp_path: Path) -> None:
    own, other = self_signed(tmp_path / "own"), self_signed(tmp_path / "other")

    async def main() -> None:
        async with Runner(tls=(own.cert, own.key)) as runner:
            for trust in (trusted(""), trusted(other.cert)):
                stage = RemoteStage("group", runner.url, trust=trust)
                with pytest.raises(Unavailable, match="ClientConnectorCertificateError"):
                    await stage.ready()
                await stage.close()
            stage = RemoteStage("group", runner.url, trust=trusted(own.cert))
            await stage.ready()
            await stage.close()

    asyncio.run(main())
