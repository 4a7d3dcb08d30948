"""A drill: puts faults into a served demo while a real Prometheus watches with our rules.

Each must be named by its own alert within a minute after the alert's `for`, and by no other. Every
`for` is ten seconds here, so that a drill takes minutes; the expressions are those of
`deploy/prometheus`. `make drill` runs it.
"""

import re
import sys
import tempfile
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from hikari_serve.drawing.cases import draw_cases
from tests.drill.faults import FAULTS, Fault
from tests.drill.load import load
from tests.served.pictures import png
from tests.served.prometheus import RULES, firing, prometheus

BEGIN, END = "<!-- drill: begin -->", "<!-- drill: end -->"
FOR_SECONDS = 10
WITHIN_SECONDS = 60
CALM_SECONDS = 10
"""How long all is well before: no alert may fire in that time."""
AFTER_SECONDS = 15
"""How long others may still fire."""
LATEST_SECONDS = 2 * WITHIN_SECONDS
"""When there is no use in waiting any longer."""


@dataclass(frozen=True, slots=True)
class Drilled:
    """What came of a fault.

    Attributes:
        fault: The fault.
        seconds: From the fault to its alert; None if there was none.
        said: What the alert said.
        others: Other alerts that fired, before or after.
    """

    fault: Fault
    seconds: float | None
    said: str
    others: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether it was named in time, and by nothing else."""
        in_time = self.seconds is not None and self.seconds <= FOR_SECONDS + WITHIN_SECONDS
        return in_time and not self.others and self.fault.named in self.said

    def __str__(self) -> str:
        """A row of the table."""
        after = "never" if self.seconds is None else f"{self.seconds:.0f} s"
        others = ", ".join(f"`{each}`" for each in self.others) or "none"
        return f"| {self.fault.what} | `{self.fault.alert}`: {self.said} | {after} | {others} |"


def shortened() -> str:
    """Our rules, each alert after ten seconds."""
    return re.sub(r"(?m)^(\s+for:) \w+$", rf"\1 {FOR_SECONDS}s", RULES.read_text())


def drill(fault: Fault, images: list[bytes]) -> Drilled:
    """Puts a fault in and waits for what the alerts say."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with (
            fault.serve(home) as drilled,
            prometheus([drilled.api.url], home, rules=shortened()) as url,
        ):
            with load(drilled.api, images, fault.clients):
                time.sleep(CALM_SECONDS)
            seen = dict(firing(url))
            seconds = None
            # The fault ends first: what is in flight then ends soon.
            with (
                load(drilled.api, images, fault.within, fault.timeout_ms),
                fault.put(drilled),
            ):
                began = ends = time.monotonic()
                ends += LATEST_SECONDS
                while time.monotonic() < ends:
                    seen |= firing(url)
                    if seconds is None and fault.alert in seen:
                        seconds = time.monotonic() - began
                        ends = time.monotonic() + AFTER_SECONDS
                    time.sleep(0.5)
    said = seen.pop(fault.alert, "")
    return Drilled(fault, seconds, said, tuple(seen))


def main() -> None:
    """Drills, and puts the table between the marks of the page."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="the page, such as docs/alerts.md")
    parser.add_argument("faults", nargs="*", help=f"of {', '.join(FAULTS)}; all of them without")
    asked = parser.parse_args()
    if asked.out is not None and asked.faults:
        parser.error("--out replaces the whole table: name no faults with it")
    images = [png(drawing.image) for drawing in draw_cases(40, 60_000)]
    done = []
    for name in asked.faults or FAULTS:
        done.append(drill(FAULTS[name], images))
        print(done[-1], flush=True)
    if asked.out is not None:
        head = "| fault | named by | after | other alerts |\n|---|---|---|---|\n"
        before, _, rest = asked.out.read_text().partition(BEGIN)
        after = rest.partition(END)[2]
        rows = "\n".join(map(str, done))
        asked.out.write_text(f"{before}{BEGIN}\n{head}{rows}\n{END}{after}")
    if failed := [each.fault.alert for each in done if not each.held]:
        sys.exit(f"not named in time, or not alone: {', '.join(failed)}")


if __name__ == "__main__":
    main()
