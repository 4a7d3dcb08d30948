"""Whether the server of this container is alive: `python -m hikari_serve.cli.alive PORT`.

The image's health check. It asks where the settings say that probes are answered. It runs every ten
seconds, so it imports little and is no command of `hikari`.
"""

import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from hikari_serve.errors import HikariError
from hikari_serve.settings import Settings

ADDRESS = "127.0.0.1"
SECONDS = 3


def connection(settings: Settings, port: int) -> HTTPConnection:
    """To the port that answers probes: its own, or the service's, which may speak HTTPS alone."""
    if settings.metrics_port or not settings.tls_cert:
        return HTTPConnection(ADDRESS, settings.metrics_port or port, timeout=SECONDS)
    context = ssl.create_default_context()
    context.check_hostname = False  # the certificate has the name that others call it by
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(ADDRESS, port, timeout=SECONDS, context=context)


def main() -> None:
    """Ends with exit code 0 where the server is alive, with 1 and why where it is not."""
    try:
        asked = connection(Settings.from_environment(), int(sys.argv[1]))
        asked.request("GET", "/livez")
        status = asked.getresponse().status
    except HikariError as error:
        sys.exit(error.message)
    except (OSError, HTTPException) as error:
        sys.exit(f"{ADDRESS}: {error}")
    if status != 200:
        sys.exit(f"/livez answers {status}")


if __name__ == "__main__":
    main()
