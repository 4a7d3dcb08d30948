"""How the reader fares on reports that it was not written for: `python -m benchmarks.reading FILE`.

FILE is `rsAnnotations-1-120-random.txt` of NegEx (github.com/chapmanbe/negex): 2,376 sentences of
de-identified clinical reports, each with a condition in it and whether it is affirmed or negated,
recent or historical. It is not part of this repository. How long a long text takes is told too.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.matching import match_label
from hikari_serve.reading.reader import Reader

TEXTS = {
    "opening tags": "<think>",
    "one word": "a ",
    "denials": "no scale, psoriasis is not ",
    "a report": "The patient has no eczema, but itching. ",
}
BYTES = 70_000


class Row(NamedTuple):
    """A sentence with a condition in it, and what its readers noted."""

    condition: str
    text: str
    noted: str
    when: str


def rows(path: Path) -> Iterator[Row]:
    """Reads NegEx's table, whose first line is a heading."""
    for line in path.read_text(encoding="latin-1").splitlines()[1:]:
        cells = line.split("\t")
        if len(cells) > 4:
            yield Row(cells[1], cells[2].strip('"'), cells[3], cells[4])


def read(row: Row) -> str:
    """What our reader says of the condition: affirmed, denied, open, or not found."""
    said = Reader({"condition": [row.condition]}).read(row.text)
    stances = {each.stance for each in said if each.disease.label == "condition"}
    if not stances:
        return "not found"
    sure = stances & {"affirmed", "denied"}
    return sure.pop() if len(sure) == 1 else "open"


def main() -> None:
    """Reads the command line and prints what was found."""
    parser = argparse.ArgumentParser(description="Read NegEx's sentences, and long texts.")
    parser.add_argument("file", type=Path)
    found = Counter((row.noted, row.when, read(row)) for row in rows(parser.parse_args().file))
    for (noted, when, said), count in sorted(found.items()):
        print(f"{noted:10} {when:15} {said:10} {count:5}")
    labels = LabelSet.shipped("card")
    match_label("warm up", labels)
    for name, piece in TEXTS.items():
        began = perf_counter()
        match_label(piece * (BYTES // len(piece)), labels)
        print(f"{BYTES // 1000} kB of {name}: {perf_counter() - began:.2f} s")


if __name__ == "__main__":
    main()
