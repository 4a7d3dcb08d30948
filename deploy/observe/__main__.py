"""Starts a server, a Prometheus with our rules and a small load, and says what to open.

`make observe` runs it until it is interrupted; with `--picture` it ends after a while and draws the
dashboard's panels.
"""

import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import ExitStack, suppress
from pathlib import Path

from hikari_serve.drawing.cases import draw_cases
from tests.drill.load import load
from tests.served.pictures import png
from tests.served.prometheus import MISSING, PROGRAM, prometheus
from tests.served.server import serving

HASTE_MS = 400
"""Deadline of those who are in a hurry."""

PORT = 9090
"""Where Prometheus listens, unless told otherwise."""


def main() -> None:
    """Reads the command line and runs."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="of Prometheus; 0 is a free one")
    parser.add_argument("--clients", type=int, default=2, help="how many ask at once")
    parser.add_argument("--seconds", type=float, help="end after so many")
    parser.add_argument("--picture", type=Path, help="where to draw the dashboard's panels")
    options = parser.parse_args()
    if PROGRAM is None:
        sys.exit(MISSING)
    images = [png(drawing.image) for drawing in draw_cases(60, 70_000)]
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print("starting the demo", flush=True)
        server = stack.enter_context(serving(home / "home"))
        url = stack.enter_context(prometheus([server.url], home, port=options.port))
        stack.enter_context(load(server, images, options.clients))
        stack.enter_context(load(server, images[::-1], options.clients, path="/diagnose/stream"))
        # Some are no pictures, and some must be answered too soon.
        stack.enter_context(load(server, [b"no picture", *images[::2]], 1, HASTE_MS))
        print(
            f"the server           {server.url}\n"
            f"its metrics          {server.url}/metrics\n"
            f"in this terminal     hikari top {server.url}\n"
            f"Prometheus           {url}\n"
            f"its alerts           {url}/alerts\n"
            "Grafana              import deploy/grafana/dashboard.json, with that Prometheus",
            flush=True,
        )
        began = time.time()
        with suppress(KeyboardInterrupt):
            time.sleep(options.seconds or 10**9)
        if options.picture is not None:
            from deploy.observe.drawing import draw

            draw(url, began, time.time(), options.picture)


if __name__ == "__main__":
    main()
