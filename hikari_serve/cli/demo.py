"""`hikari demo`: drawings to try the demo family with."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def demo() -> None:
    """Try the system on drawings."""


@app.command()
def draw(
    out: Annotated[Path, typer.Option(help="Folder for the pictures, made if it is not there.")],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 20,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed draws the same; 0 and 1 trained the models.")
    ] = 7,
) -> None:
    """Draw lesions of the ten diseases as PNG files, and their truth as labels.csv."""
    from hikari_serve.demo.cases import draw_set

    draw_set(count, seed, out)
    typer.echo(f"{count} drawings and labels.csv are in {out}")
