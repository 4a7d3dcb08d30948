"""`hikari demo`: drawings to try the demo family with."""

from pathlib import Path
from typing import Annotated, Literal

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
    difficulty: Annotated[
        Literal["clear", "mixed", "hard"],
        typer.Option(help="How hard to read; mixed is half clear, half hard."),
    ] = "clear",
    force: Annotated[
        bool, typer.Option("--force", help="Replace what of these names is in the folder.")
    ] = False,
) -> None:
    """Draw lesions of the ten diseases as PNG files, and their truth as labels.csv."""
    from hikari_serve.drawing.cases import draw_set

    draw_set(count, seed, out, difficulty, replace=force)
    typer.echo(f"{count} drawings and labels.csv are in {out}")
