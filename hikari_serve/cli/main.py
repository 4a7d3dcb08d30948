"""The entry of `hikari`.

Each command imports what it needs when it runs, so that `--help` and completion are quick.
"""

import errno
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hikari_serve import __version__
from hikari_serve.cli import demo, labels
from hikari_serve.cli.diagnose.command import diagnose
from hikari_serve.cli.index import command as index
from hikari_serve.cli.models import command as models
from hikari_serve.cli.terminal import complain
from hikari_serve.cli.top.command import top
from hikari_serve.errors import HikariError
from hikari_serve.first_process import end_when_told
from hikari_serve.quoting import quoted


class Commands(TyperGroup):
    """Tells what went wrong in one sentence; exit codes are 1 for that and 2 for wrong usage."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except HikariError as error:
            complain(error.message)
        except UnicodeEncodeError as error:
            wrong = quoted(error.object[error.start : error.end])
            complain(f"'{wrong}' cannot be written in {error.encoding}")
        except UnicodeDecodeError as error:
            complain(f"what was read is not {error.encoding}: {error.reason} at {error.start}")
        except ModuleNotFoundError as error:
            if (error.name or "hikari_serve").startswith("hikari_serve"):
                raise
            complain(f"{error.name} is not installed here: pip install '.[serve]' in the checkout")
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # the reader of our output has enough, which typer ends quietly
            complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        raise typer.Exit(1)


app = typer.Typer(cls=Commands, no_args_is_help=True)
app.command()(diagnose)
app.command()(top)
app.add_typer(models.app, name="models")
app.add_typer(labels.app, name="labels")
app.add_typer(index.app, name="index")
app.add_typer(demo.app, name="demo")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hikari-serve {__version__}")
        raise typer.Exit


@app.callback()
def hikari(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Serve and use HIKARI's skin cascade. Research software, not a medical device."""
    end_when_told()
