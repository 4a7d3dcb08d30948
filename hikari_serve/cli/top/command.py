"""`hikari top`: stages, queues and rates of running servers, in the terminal."""

import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import repeat
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hikari_serve.cli.top.page import Between, Page


def top(
    urls: Annotated[
        list[str] | None, typer.Argument(help="Servers, and runners elsewhere.", show_default=False)
    ] = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 2.0,
    count: Annotated[int, typer.Option(min=0, help="End after so many; 0 goes on.")] = 0,
) -> None:
    """Watch stages, queues and rates of running servers."""
    from rich.console import Console
    from rich.live import Live

    from hikari_serve.cli.top.page import look
    from hikari_serve.cli.top.view import view
    from hikari_serve.errors import Unavailable

    servers = urls or ["http://localhost:3000"]
    first = look(servers)
    if first.lost:  # later ones may be of a server that starts anew
        raise Unavailable(first.lost[0])
    console = Console()
    shown = map(view, _changes(servers, first, every, count))
    with suppress(KeyboardInterrupt):
        if console.is_terminal:
            with Live(console=console, auto_refresh=False) as live:
                for each in shown:
                    live.update(each, refresh=True)
        else:
            for each in shown:
                console.print(each)


def _changes(servers: list[str], first: "Page", every: float, count: int) -> Iterator["Between"]:
    """Looks again and again; what changed each time."""
    from hikari_serve.cli.top.page import Between, look

    before = first
    for _ in range(count) if count else repeat(None):
        time.sleep(every)
        after = look(servers)
        yield Between(before, after)
        before = after
