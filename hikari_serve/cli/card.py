"""An answer as a card on the terminal: what was found, how sure, and what it is not."""

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hikari_serve.cascade.answer import Answer, StageReport
from hikari_serve.cascade.answer_parts import CaptionAnswer, DiseaseAnswer, GroupAnswer
from hikari_serve.stage import ReferenceCase

WIDTH = 88
BAR_WIDTH = 20

_CONSISTENCY = {
    "agrees": Text("agrees with the disease", "green"),
    "contradicts": Text("contradicts the disease", "bold yellow"),
    "unknown": Text("cannot be compared with the disease", "dim"),
}


def print_card(title: str, answer: Answer) -> None:
    """Prints the card of one picture to stdout."""
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
        if answer.checks.group_disease == "contradicts":
            rows.add_row("", Text("contradicts the disease", "bold yellow"))
    if answer.caption is not None:
        rows.add_row("caption", _caption(answer.caption))
    if answer.references:
        rows.add_row("references", _references(answer.references))
    for warning in answer.quality.warnings:
        rows.add_row("picture", Text(warning, "yellow"))
    for stage in answer.stages:
        if stage.error is not None:
            rows.add_row(stage.name, Text(f"{stage.status}: {stage.error.message}", "red"))
    rows.add_row("time", _times(answer.stages))
    return Panel(
        Group(rows, Text(), Text(answer.notice, "italic")),
        title=Text(title, "bold"),
        title_align="left",
        subtitle=Text(answer.status, "green" if answer.status == "complete" else "yellow"),
        subtitle_align="right",
        box=box.ROUNDED,
        border_style="dim",
    )


def _verdict(found: GroupAnswer | DiseaseAnswer) -> Text:
    """The label, or why there is none; only an answered one looks like an answer."""
    if found.decision == "answered":
        return Text.assemble((str(found.display_name), "bold"), f"  {found.probability:.1%}")
    why = f": {found.reason}" if found.reason else ""
    return Text.assemble((found.decision, "bold yellow"), (why, "yellow"))


def _differential(disease: DiseaseAnswer) -> Table:
    """The ranked labels with bars, pale where the model does not know."""
    sure = disease.decision == "answered"
    table = Table.grid(padding=(0, 2))
    for ranked in disease.differential:
        bar = ProgressBar(
            total=1.0,
            completed=ranked.probability,
            width=BAR_WIDTH,
            complete_style="cyan" if sure else "bright_black",
            finished_style="cyan" if sure else "bright_black",
        )
        percent = Text(f"{ranked.probability:6.1%}")
        table.add_row(Text(ranked.display_name, "" if sure else "dim"), bar, percent)
    return table


def _caption(caption: CaptionAnswer) -> RenderableType:
    cut = " … (cut off at the limit of words)" if caption.finish_reason == "length" else ""
    return Group(Text(caption.text + cut), _CONSISTENCY[caption.consistency])


def _references(cases: tuple[ReferenceCase, ...]) -> Table:
    table = Table.grid(padding=(0, 2))
    for case in cases:
        table.add_row(Text(case.id), Text(case.label or ""), f"similarity {case.similarity:.3f}")
    return table


def _times(stages: tuple[StageReport, ...]) -> Text:
    return Text(" · ".join(f"{stage.name} {stage.total_ms:.0f} ms" for stage in stages), "dim")
