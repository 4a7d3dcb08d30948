"""What `hikari index` tells: what became of a source, what an index holds, what was found."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hikari_serve.cli.index.workshop import Found
from hikari_serve.cli.terminal import plain
from hikari_serve.percent import decimal
from hikari_serve.pictures.decode import PictureLimits, open_image
from hikari_serve.quoting import escaped
from hikari_serve.references.index import ReferenceIndex
from hikari_serve.references.manifest import Manifest
from hikari_serve.references.sheet import Tile, draw_sheet
from hikari_serve.references.sources.collection import Report
from hikari_serve.references.sources.listing import LeftOut
from hikari_serve.references.typicality import distance_at

SHOWN_PERCENTILES = (5, 25, 50, 75, 90, 95, 99, 100)
"""Of the distances from each case to the nearest other one."""

RULE = 0.05
"""The rule that `info` suggests: of pictures like the cases, about one in 20 is withheld for it,
and more where the cases are few."""

SHOWN = 10
"""Lines of a list on the terminal; `--json` has all of them."""


@contextmanager
def telling(folder: Path, report: Report, *, as_json: bool) -> Iterator[Callable[[Manifest], None]]:
    """Tells what became of a source, also where no index comes of it.

    On stdout as JSON, or in words with the losses on stderr. What the block passes to the function
    that it gets is the index that was made.
    """
    made: list[Manifest] = []
    try:
        yield made.append
    finally:
        manifest = made[0] if made else None
        if as_json:
            print(json.dumps(_as_json(folder, manifest, report)))
        else:
            _print_report(folder, manifest, report)


def _as_json(folder: Path, manifest: Manifest | None, report: Report) -> dict[str, Any]:
    made: dict[str, Any] = {"index": None, "count": 0, "digest": None}
    if manifest is not None:
        made = {"index": str(folder), "count": manifest.count, "digest": manifest.digest}
    left_out = [
        {"file": str(row.file), "line": row.line, "reason": reason, "detail": detail}
        for row, reason, detail in report.left_out
    ]
    told = {"labels": report.labels, "left_out": left_out, "notes": report.notes}
    return {**made, **told}


def _print_report(folder: Path, manifest: Manifest | None, report: Report) -> None:
    if manifest is not None:
        counts = ", ".join(
            f"{count} {escaped(label)}" for label, count in sorted(report.labels.items())
        )
        taken = report.labels.total()
        print(f"{folder} has {manifest.count} cases; its version is {manifest.digest[:12]}")
        print(f"taken from this source: {taken} ({counts})")
    said = Console(stderr=True, soft_wrap=True)
    for reason, count in report.reasons().most_common():
        said.print(Text(f"left out, {reason}: {count}", "yellow"))
        lines = [_line(each) for each in report.left_out if each.reason == reason]
        for line in lines[:SHOWN]:
            said.print(Text(f"  {line}", "dim"))
        if count > SHOWN:
            said.print(Text(f"  and {count - SHOWN} more; --json lists all", "dim"))
    for note in report.notes:
        said.print(plain(note, "yellow"))


def _line(left_out: LeftOut) -> str:
    file, line = left_out.row
    place = f"{file}:{line}" if line is not None else str(file)
    return escaped(f"{place}: {left_out.detail}" if left_out.detail else place)


def describe(folder: Path) -> dict[str, Any]:
    """What an index holds, as JSON has it; checks all of it but the pictures."""
    with closing(ReferenceIndex.open(folder)) as index:
        cases = index.cases_held
        nearest: list[float] = []
        distance = 0.0
        if index.nearest:
            nearest = np.percentile(index.nearest, SHOWN_PERCENTILES).round(6).tolist()
            distance = distance_at(RULE, index.nearest)
        return {
            "index": str(folder),
            "digest": index.digest,
            "count": len(cases),
            "labels": dict(sorted(Counter(case.label for case in cases).items())),
            "with_caption": sum(bool(case.caption) for case in cases),
            "nearest": {
                "percentiles": dict(zip(map(str, SHOWN_PERCENTILES), nearest, strict=True)),
                "rule": {"min_typicality": RULE, "as_distance": round(distance, 4)},
            }
            if index.nearest
            else None,
            "encoder": index.encoder.model_dump(),
            "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        }


def print_description(described: Mapping[str, Any]) -> None:
    """Prints what `describe` found as a table."""
    encoder = described["encoder"]
    text = encoder["text"]
    rows = {
        "index": described["index"],
        "version": described["digest"],
        "cases": f"{described['count']}, {described['with_caption']} with a caption",
        "labels": "\n".join(f"{n:5} {escaped(k)}" for k, n in described["labels"].items()),
    }
    if (nearest := described["nearest"]) is not None:
        shares = nearest["percentiles"].items()
        rows["distances"] = "  ".join(f"{value:.3f} ({at} %)" for at, value in shares)
        rows["rule"] = _rule(**nearest["rule"])
    rows["made by"] = f"{encoder['name']}, weights {encoder['weights'][:12]}"
    rows["pictures"] = encoder["preprocessing"]
    rows["words"] = f"weights {text['weights'][:12]}" if text else "not compared"
    rows["size"] = f"{described['bytes'] / 1e6:.1f} MB"
    table = Table.grid(padding=(0, 2))
    for name, words in rows.items():
        table.add_row(name, plain(words))
    Console(soft_wrap=True).print(table)


def _rule(min_typicality: float, as_distance: float) -> str:
    return (
        f"`abstain: {{min_typicality: {min_typicality:g}}}` in a cascade withholds the disease of "
        f"pictures farther than {as_distance:.3f} from every case"
    )


def print_found(found: Sequence[Found], *, as_json: bool) -> None:
    """Prints the cases of a search, the best first."""
    if as_json:
        rows = [
            {**match._asdict(), "label": case.label, "caption": case.caption, "source": case.source}
            for match, case in found
        ]
        print(json.dumps(rows))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("case", "label", "similarity", "score", "caption"):
        table.add_column(heading, overflow="fold")
    for match, case in found:
        numbers = (decimal(match.similarity, 3), decimal(match.score, 3))
        table.add_row(*map(plain, (case.id, case.label, *numbers, case.caption)))
    Console().print(table)


def write_sheet(out: Path, image: Path, found: Sequence[Found]) -> None:
    """Draws a query and what was found for it."""
    tiles = [
        Tile(
            open_image(case.image, PictureLimits()),
            f"{number}. {case.label}",
            f"{_numbers(match.similarity, match.score)}\n{case.id}\n{case.caption}",
        )
        for number, (match, case) in enumerate(found, start=1)
    ]
    query = Tile(open_image(image.read_bytes(), PictureLimits()), "query", image.name)
    out.write_bytes(draw_sheet(query, tiles))


def _numbers(similarity: float, score: float) -> str:
    said = f"similarity {decimal(similarity, 3)}"
    return said if score == similarity else f"score {decimal(score, 3)}, {said}"
