"""The terminal: answers go to stdout, everything else to stderr."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from hikari_serve.quoting import escaped

T = TypeVar("T")


def plain(words: str, style: str = "") -> Text:
    """Words of anybody as a part of what rich prints: no markup, nothing that a terminal obeys.

    Only the ends of their lines stay what they are.
    """
    return Text("\n".join(map(escaped, words.split("\n"))), style)


def complain(sentence: str) -> None:
    """Says on stderr what is wrong; names in it may hold what a terminal would obey."""
    said = Text(escaped(f"hikari: {sentence}"))
    Console(stderr=True, soft_wrap=True).print(said, style="red")


def remark(sentence: str) -> None:
    """Says on stderr what a person may want to know."""
    Console(stderr=True, soft_wrap=True).print(Text(escaped(sentence)), style="dim")


def hush_transformers() -> None:
    """Keeps transformers' own progress bars and tables, which it draws while it loads, out of ours.

    What it warns of there, our own loading checks and refuses.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]


class Bar:
    """A progress bar on stderr, for people only: where stderr is no terminal there is none."""

    def __init__(self, doing: str, total: int | None = None) -> None:
        """Args:
        doing: What is being done.
        total: Steps to do; None if nobody knows.
        """
        console = Console(stderr=True)
        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn()]
        self._progress = Progress(
            *columns,
            *([MofNCompleteColumn()] if total is not None else []),
            console=console,
            disable=not console.is_interactive,
            transient=True,
            redirect_stdout=False,  # rich would send what is printed meanwhile to stderr
            redirect_stderr=False,
        )
        self._task = self._progress.add_task(doing, total=total)

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def step(self) -> None:
        """Counts one step."""
        self._progress.advance(self._task)

    def reach(self, done: int) -> None:
        """Shows how many steps are done."""
        self._progress.update(self._task, completed=done)

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Clears the bar's line while something else is printed."""
        self._progress.stop()
        yield
        self._progress.start()


def loading(models: list[T]) -> Iterator[T]:
    """Passes on what is to be loaded, under a bar."""
    with Bar("Loading the models", total=len(models)) as bar:
        hush_transformers()
        for model in models:
            yield model
            bar.step()
