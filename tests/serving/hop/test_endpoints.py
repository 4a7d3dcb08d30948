"""Where a stage's replicas answer, by what a setting says."""

import asyncio
import socket
from pathlib import Path

import pytest

from hikari_serve.serving.hop.endpoints import Endpoint, is_beside, resolve


def test_every_address_of_a_name_is_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: object, **__: object) -> list[object]:
        kind = socket.SOCK_STREAM, 0, ""
        return [
            (socket.AF_INET, *kind, ("10.0.0.1", 3000)),
            (socket.AF_INET, *kind, ("10.0.0.2", 3000)),
            (socket.AF_INET6, *kind, ("fd00::1", 3000, 0, 0)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    host = "group.hikari:3000"
    assert asyncio.run(resolve(f"https://{host}")) == [
        Endpoint("https://10.0.0.1:3000", host, "group.hikari"),
        Endpoint("https://10.0.0.2:3000", host, "group.hikari"),
        Endpoint("https://[fd00::1]:3000", host, "group.hikari"),
    ]


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("http://127.0.0.1", "http://127.0.0.1:80"),
        ("https://127.0.0.1", "https://127.0.0.1:443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("http://127.0.0.1:3000/behind/a/proxy", "http://127.0.0.1:3000/behind/a/proxy"),
        ("tcp://127.0.0.1:3000", "http://127.0.0.1:3000"),
    ],
)
def test_an_address_is_itself(address: str, base: str) -> None:
    (found,) = asyncio.run(resolve(address))
    assert found.base == base
    assert is_beside(address) == address.startswith("tcp")


def test_a_socket_is_asked_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "a socket"
    (found,) = asyncio.run(resolve(path.as_uri()))
    assert found.path == str(path)
    assert is_beside(path.as_uri())
