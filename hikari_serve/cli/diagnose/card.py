"""An answer as a card on the terminal: what was found, how sure, and what it is not.

It says the same as the report, in short; the sentences are `report.wording`'s. Whatever comes from
the answer goes through `plain`: any server may have given it.
"""

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hikari_serve.cli.terminal import plain
from hikari_serve.percent import decimal, percent
from hikari_serve.presentation.answer import Answer
from hikari_serve.presentation.parts import CaptionAnswer, DiseaseAnswer, GroupAnswer
from hikari_serve.quoting import escaped
from hikari_serve.report import wording
from hikari_serve.report.checks import checks_of
from hikari_serve.report.lines import Line

WIDTH = 88
BAR_WIDTH = 20
DIGEST = 12
"""Characters of a digest that tell weights apart; the JSON has all 64."""

_STYLES = {"plain": "", "soft": "dim", "unsure": "yellow", "failed": "red"}
_MARKS = {"agrees": "underline", "contradicts": "bold yellow underline"}


def print_card(title: str, answer: Answer) -> None:
    """Prints the card of one picture to stdout; its title may be any file's name."""
    console = Console()
    console.print(_card(title, answer), width=min(WIDTH, console.width))


def _card(title: str, answer: Answer) -> Panel:
    rows = Table.grid(padding=(0, 2), pad_edge=False)
    rows.add_column(style="dim")
    rows.add_column(overflow="fold")
    if answer.disease is not None:
        rows.add_row("disease", _verdict(answer.disease))
        rows.add_row("", _differential(answer.disease))
    if answer.group is not None:
        rows.add_row("group", _verdict(answer.group))
    if answer.caption is not None:
        rows.add_row("caption", _caption(answer.caption))
    if answer.references:
        rows.add_row("references", _references(answer))
    elif wording.found_no_case(answer):
        rows.add_row("references", wording.NO_CASE)
    for other in wording.others(answer):
        rows.add_row(plain(other.name), _said(other))
    _add(rows, "checks", checks_of(answer))
    _add(rows, "picture", wording.quality(answer))
    _add(rows, "limits", wording.beware(answer))
    for stage in answer.stages:
        if line := wording.failure(stage):
            rows.add_row(plain(line.name), _said(line))
    rows.add_row("time", _times(answer))
    rows.add_row("made by", _provenance(answer))
    above = [plain(told, _STYLES["unsure"]), Text()] if (told := wording.banner(answer)) else []
    return Panel(
        Group(*above, rows, Text(), plain(answer.notice, "italic")),
        title=Text(escaped(title), "bold"),
        title_align="left",
        subtitle=Text(answer.status, "" if answer.status == "complete" else "yellow"),
        subtitle_align="right",
        box=box.ROUNDED,
        border_style="dim",
    )


def _add(rows: Table, name: str, lines: list[Line]) -> None:
    for line in lines:
        rows.add_row(name, _said(line))
        name = ""


def _said(line: Line) -> Text:
    return plain(line.text, _STYLES[line.tone])


def _verdict(found: GroupAnswer | DiseaseAnswer) -> Text:
    """The label, or why there is none; only an answered one looks like an answer."""
    judged = wording.verdict(found)
    style = _STYLES[judged.tone]
    return Text.assemble(plain(judged.title, f"bold {style}"), plain(f"  {judged.detail}", style))


def _differential(disease: DiseaseAnswer) -> Table:
    """The ranked labels with bars, pale where the model does not know."""
    sure = wording.verdict(disease).tone == "plain"
    table = Table.grid(padding=(0, 2))
    for ranked in disease.differential:
        bar = ProgressBar(
            total=1.0,
            completed=ranked.probability,
            width=BAR_WIDTH,
            complete_style="cyan" if sure else "bright_black",
            finished_style="cyan" if sure else "bright_black",
        )
        share = Text(f"{percent(ranked.probability):>7}")
        table.add_row(plain(ranked.display_name, "" if sure else "dim"), bar, share)
    return table


def _caption(caption: CaptionAnswer) -> RenderableType:
    """The words, those marked that agree with the disease or contradict it."""
    parts = [plain(text, _MARKS.get(fits, "")) for text, fits in wording.segments(caption)]
    return Text.assemble(*parts)


def _references(answer: Answer) -> Table:
    table = Table.grid(padding=(0, 2))
    for case in answer.references:
        name = wording.case_name(case) if case.label else ""
        table.add_row(plain(case.id), plain(name), f"similarity {decimal(case.similarity, 3)}")
    return table


def _times(answer: Answer) -> Text:
    times = (f"{stage.name} {stage.total_ms:.0f} ms" for stage in answer.stages)
    return plain(" · ".join(times), "dim")


def _provenance(answer: Answer) -> Text:
    """Each model with its version and the beginning of its weights' digest."""
    made = answer.provenance
    models = (f"{p.model}/{p.version} {p.weights[:DIGEST]}" for p in made.stages.values())
    return plain(" · ".join([f"{made.server}, {made.cascade}", *models]), "dim")
