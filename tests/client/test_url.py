"""A wrong URL of a server is named before anything is asked."""

import pytest

from hikari_serve.client import AsyncClient, Client
from hikari_serve.client.url import server_url
from hikari_serve.errors import InvalidInput


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://localhost:x", ": Invalid port: 'x'"),
        ("localhost:3000", " of a server, such as"),
        ("http://", " of a server, such as"),
        ("", " of a server, such as"),
        ("http://localhost:99999", ": its port must be"),
        ("http://localhost:-1", ": its port must be"),
        ("http://localhost:0", ": its port must be"),
        ("http://a..b", ": between the dots"),
        (f"https://{'a' * 64}.org:8443", ": between the dots"),
    ],
)
def test_a_wrong_url_is_named(url: str, why: str) -> None:
    for client in (Client, AsyncClient):
        with pytest.raises(InvalidInput, match=f"^'{url.rstrip('/')}' is no URL{why}"):
            client(url)


@pytest.mark.parametrize(
    "url", ["http://localhost:65535", "https://bücher.de.", "http://[::1]:3000", "http://my_host"]
)
def test_what_a_socket_takes_is_a_url(url: str) -> None:
    assert server_url(url) == url
