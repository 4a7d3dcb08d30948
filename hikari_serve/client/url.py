"""What a URL of a server must be; httpx takes some that no socket does."""

import httpx

from hikari_serve.errors import InvalidInput

MAX_PORT = 65535


def server_url(url: str) -> httpx.URL:
    """Reads the URL of a server.

    Raises:
        InvalidInput: It is none.
    """
    try:
        read = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"'{url}' is no URL: {error}") from None
    if read.scheme not in ("http", "https") or not read.host:
        raise InvalidInput(f"'{url}' is no URL of a server, such as http://localhost:3000")
    if read.port is not None and not 1 <= read.port <= MAX_PORT:
        raise InvalidInput(f"'{url}' is no URL: its port must be from 1 to {MAX_PORT}")
    try:
        read.raw_host.decode("ascii").encode("idna")  # as a socket will
    except UnicodeError:
        raise InvalidInput(
            f"'{url}' is no URL: between the dots of its host must be 1 to 63 characters"
        ) from None
    return read
