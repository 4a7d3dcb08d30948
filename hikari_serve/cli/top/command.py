"""`hikari top`: stages, queues and rates of running servers, in the terminal."""

from typing import Annotated

import typer


def top(
    urls: Annotated[
        list[str] | None, typer.Argument(help="Servers, and runners elsewhere.", show_default=False)
    ] = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 2.0,
    count: Annotated[int, typer.Option(min=0, help="End after so many; 0 goes on.")] = 0,
) -> None:
    """Watch stages, queues and rates of running servers."""
    import time
    from contextlib import suppress

    from rich.console import Console
    from rich.live import Live

    from hikari_serve.cli.top.page import Between, Page, fetch
    from hikari_serve.cli.top.view import view

    servers = urls or ["http://localhost:3000"]

    def look() -> Page:
        return Page.of(time.monotonic(), fetch(servers))

    console = Console()
    before = look()
    shown = 0
    with suppress(KeyboardInterrupt), Live(console=console, auto_refresh=False) as live:
        while not count or shown < count:
            time.sleep(every)
            after = look()
            live.update(view(Between(before, after)), refresh=True)
            before, shown = after, shown + 1
