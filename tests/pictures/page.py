"""Writes docs/inputs.md: what is read and what is refused, as the tests try it.

python -m tests.pictures.page
"""

from collections.abc import Iterable
from pathlib import Path

from tests.pictures.matrix import samples
from tests.pictures.sample import Sample
from tests.pictures.test_cost import BOUND, FLOODS, cost

PAGE = Path(__file__).parents[2] / "docs" / "inputs.md"

WAYS = (
    "interlaced", "progressive", "tiled", "lzw", "deflate", "packbits", "little endian",
    "big endian",
)  # fmt: skip
"""In which one layout is stored in several ways."""

HEAD = """# What may be sent as a picture

Written by `python -m tests.pictures.page`, and held by tests: every layout below is read beside
another decoder (libvips), or refused with 415 and a sentence that names it and says what to send.
What is refused was written by an encoder of it, or byte by byte after its standard.

- Pictures come out upright, 8 bits a channel, in sRGB: by the EXIF orientation, the ICC profile,
  PNG's cICP and gAMA, and the nclx of HEIC and AVIF. These two are turned by their own irot and
  imir, which their standard puts in place of the EXIF orientation. Transparency is laid on white.
- Of an animation the first picture counts, of a TIFF file the first page at full resolution.
- Damage in what no pixel needs (EXIF, profiles, text, checksums) does not fail a picture: it is
  upright as stored, its colours are sRGB, and `quality.warnings` says so.
- A picture that lacks pixels is `truncated_image`. In a JPEG that has its end marker, three losses
  are not found: within its last block, within a scan of a progressive one (it comes less fine), and
  bytes that were overwritten, if the decoder does not run out of data for it.
- At most 20 MB and 50 megapixels, at least 16 pixels a side, one side at most 50 times the other
  (`HIKARI_MAX_IMAGE_BYTES`, `HIKARI_MAX_IMAGE_PIXELS`).
- A file of more parts than any picture has (segments, chunks, runs, pages) is refused before it is
  decoded.
"""


def table(matrix: Iterable[Sample]) -> str:
    """The formats with their layouts, those that are read and those that are refused."""
    layouts: dict[str, tuple[list[str], list[str]]] = {}
    for sample in matrix:
        read, refused = layouts.setdefault(sample.form, ([], []))
        (refused if sample.refused else read).append(sample.layout)
    rows = ["| format | read | refused by name |", "|---|---|---|"]
    for form, (read, refused) in layouts.items():
        if any(read + refused):
            rows.append(f"| {form} | {' · '.join(_short(read))} | {' · '.join(_short(refused))} |")
    named = [form for form, (read, refused) in layouts.items() if not any(read + refused)]
    rows += ["", f"Refused by name whatever is in them: {', '.join(named)}."]
    return "\n".join(rows)


def _short(layouts: list[str]) -> list[str]:
    """The layouts, those that differ in their ways alone in one."""
    shown: dict[str, dict[str, None]] = {}
    for layout in layouts:
        if layout.startswith("orientation"):
            layout = "orientations 1 to 8"
        ways = [part for part in layout.split(", ") if part in WAYS]
        name = ", ".join(part for part in layout.split(", ") if part not in WAYS)
        if name:
            shown.setdefault(name, {}).update(dict.fromkeys(ways))
    return [f"{name} (also {', '.join(ways)})" if ways else name for name, ways in shown.items()]


def counts(matrix: list[Sample]) -> str:
    """How much was tried."""
    formats = {sample.form for sample in matrix}
    return (
        f"Tried: {len(matrix)} pictures of {len(formats)} formats, each also by `POST /diagnose`, "
        f"without one answer of 500; and {len(FLOODS)} files of up to 20 MB that are made to cost "
        f"much, each of which may take at most {BOUND:g} seconds of a processor. `make fuzz` makes "
        "up damaged files, many more than the tests do."
    )


def page() -> str:
    """The whole page; measures the files that are made to cost much."""
    matrix = samples()
    slowest = max(FLOODS, key=lambda kind: cost(FLOODS[kind]))
    seconds = cost(FLOODS[slowest])
    measured = f"The slowest here was the {slowest}: {seconds:.1f} s."
    return "\n".join([HEAD, table(matrix), "", counts(matrix), measured]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
