"""What is shown of two looks: the requests, and a row a stage."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from hikari_serve.cli.top.page import Between
from hikari_serve.quoting import escaped

STAGE = "hikari_stage_seconds"
PARTS = ("queue", "compute", "hop")


def view(looks: Between) -> Group:
    """The requests in a line, who does not answer, and a table of the stages."""
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0))
    table.add_column("stage")
    for title in ("calls/s", "failed/s", "waiting", "pending", "running"):
        table.add_column(title, justify="right")
    for part in PARTS:
        table.add_column(part, justify="right")
    table.add_column("batch", justify="right")
    for stage in stages(looks):
        its = {"stage": stage}
        now = looks.after
        table.add_row(
            stage,
            f"{looks.rate(f'{STAGE}_count', part='wait', **its):.1f}",
            f"{looks.rate('hikari_stage_failures_total', **its):.1f}",
            *(
                f"{now.total(f'hikari_stage_{what}', **its):.0f}"
                for what in ("waiting", "pending", "running")
            ),
            *(_ms(looks.mean(STAGE, part=part, **its)) for part in PARTS),
            _number(looks.mean("hikari_batch_size", **its)),
        )
    note = Text("queue, compute and hop are milliseconds on average", style="dim")
    lost = [Text(f"not reachable: {escaped(why)}", "yellow") for why in looks.after.lost]
    return Group(Text(requests(looks)), *lost, Text(), table, note)


def stages(looks: Between) -> list[str]:
    """Those that are asked, and those that are hosted."""
    asked = looks.after.values(f"{STAGE}_count", "stage")
    return sorted({*asked, *looks.after.values("hikari_stage_pending", "stage")})


def requests(looks: Between) -> str:
    """`3.2 requests/s (3.0 complete, 0.2 error), 650 ms on average`, and the like."""
    name = "hikari_requests_total"
    rates = {each: looks.rate(name, outcome=each) for each in looks.after.values(name, "outcome")}
    ended = ", ".join(f"{rate:.1f} {outcome}" for outcome, rate in rates.items() if rate)
    line = f"{sum(rates.values()):.1f} requests/s" + (f" ({ended})" if ended else "")
    mean = looks.mean("hikari_request_seconds")
    return line if mean is None else f"{line}, {_ms(mean)} ms on average"


def _ms(seconds: float | None) -> str:
    return _number(None if seconds is None else 1000 * seconds, 0)


def _number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
