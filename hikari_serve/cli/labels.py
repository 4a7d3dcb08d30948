"""`hikari labels`: what free text would be taken for."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Match free text to the labels of a set.")


@app.callback()
def labels() -> None:
    """Match free text to the labels of a set."""


@app.command()
def match(
    text: Annotated[str, typer.Argument(help="The text; - reads one a line from stdin.")],
    name: Annotated[
        str, typer.Option("--set", help="card, skincap or groups.", metavar="NAME")
    ] = "card",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a text, one a line.")
    ] = False,
) -> None:
    """Say which label a text is, but for a typing mistake, or affirms in a sentence."""
    from hikari_serve.labels.label_set import LabelSet
    from hikari_serve.labels.matching import match_label

    chosen = LabelSet.shipped(name)
    for line in sys.stdin.read().splitlines() if text == "-" else [text]:
        found = match_label(line, chosen)
        if as_json:
            typer.echo(json.dumps(asdict(found)))
        else:
            typer.echo(f"{found.label or 'unknown'} ({found.how}, {found.score:g})")
