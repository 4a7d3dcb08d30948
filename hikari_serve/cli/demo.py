"""`hikari demo`: drawings to try the demo family with."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hikari_serve.errors import ConfigError

if TYPE_CHECKING:
    from hikari_serve.demo.evaluation.questions import Questions
    from hikari_serve.demo.evaluation.study import Study

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
) -> None:
    """Draw lesions of the ten diseases as PNG files, and their truth as labels.csv."""
    from hikari_serve.demo.cases import draw_set

    draw_set(count, seed, out, difficulty)
    typer.echo(f"{count} drawings and labels.csv are in {out}")


@app.command()
def evaluate(
    out: Annotated[Path, typer.Option(help="The page; its pictures go into a folder beside it.")],
    count: Annotated[
        int, typer.Option(min=10, help="Drawings of each difficulty, pictures of each other kind.")
    ] = 500,
    photographs: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="A folder of photographs of other things."),
    ] = None,
) -> None:
    """Put fresh drawings, and pictures of anything else, to the cascade and write what it is worth.

    Takes about ten minutes on two cores.
    """
    try:
        from hikari_serve.demo.evaluation.page import write_page
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"{error}: install it with `pip install 'hikari-serve[evaluate]'`"
        ) from None
    from hikari_serve.demo.evaluation.findings import findings
    from hikari_serve.demo.evaluation.questions import draw_questions

    study = asyncio.run(_study(draw_questions(count, photographs)))
    shown = f" --photographs {photographs.name}" if photographs else ""
    write_page(study, out, f"hikari demo evaluate --count {count} --out {out}{shown}")
    for finding in findings(study):
        typer.echo(f"{'met' if finding.met else 'NOT MET':8}{finding.what}: {finding.found}")
    typer.echo(f"the page is {out}")


async def _study(questions: "Questions") -> "Study":
    from hikari_serve.cli.terminal import Bar, loading
    from hikari_serve.demo.evaluation.study import run_study, trials
    from hikari_serve.inline import open_cascade
    from hikari_serve.repository.repository import Repository
    from hikari_serve.settings import Settings

    settings = Settings.from_environment()
    repository = Repository.of(settings)
    async with open_cascade(settings, shown=loading) as cascade:
        with Bar("Asking", total=trials(questions)) as bar:
            return await run_study(cascade, repository, questions, bar.step)
