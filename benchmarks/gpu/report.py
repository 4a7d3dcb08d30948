"""Makes the page of the results; every number comes from a line of them."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.gpu.journal import Entry, Key, key_of
from benchmarks.gpu.plan import BATCHES, CARD_BATCHES, CONFIGURATIONS, ROWS
from benchmarks.tables import ms, table

HEAD = (
    "row", "items at once", "prompt tokens an item", "read on", "ms", "items/s", "floor ms",
    "ms / floor", "card / this",
)  # fmt: skip

NAMES = {
    "card": "The snippet of the authors' model card",
    "transformers": "transformers",
    "vllm": "vLLM",
    "sglang": "SGLang",
}


def page_of(entries: Sequence[Entry]) -> str:
    """The page, in Markdown."""
    rows = {key_of(entry): entry for entry in entries if entry["kind"] == "row"}
    failed = {key_of(entry): entry for entry in entries if entry["kind"] == "failed"}
    failed = {key: entry for key, entry in failed.items() if key not in rows}
    machines = [entry for entry in entries if entry["kind"] == "machine"]
    tables = [
        _section(engine, quantization, rows, failed) for engine, quantization in CONFIGURATIONS
    ]
    return f"""# Performance of the 8B shapes on an accelerator

`python -m benchmarks.gpu` measured every number below on the device that is named, and `--page`
wrote this page of its results ([how](../benchmarks/gpu/README.md)).

{_machines(machines)}

{chr(10).join(filter(None, tables))}
{_unmeasured(rows)}{NOTES}{_too_fast(rows)}"""


NOTES = """## What the numbers are

- A time is that of all items that were asked at once, pictures to answers: the median of those that
  count, after one that does not. No two items share a picture, so no cache answers. In one process,
  without HTTP and without the hop between services.
- The weights are random in the shapes of Qwen3-VL-8B: nothing here says how good answers are.
  Answers never end early, so that lengths are those asked for.
- Pictures have 1,536 pixels a side. The group model sees them so, or reduced to 672 where the row
  says it; the others see 672, as their configurations say.
- `hikari_card, whole` asks group, disease and caption one after the other; `hikari, whole` group,
  disease with three references and caption, without the retrieval: at once, but one after the other
  on transformers, which computes a batch at a time. One engine's weights stand for all three
  models; three engines on one card compete for it.
- Every think block is closed before it begins. The configurations of the 8B models say `thinking:
  natural`, where an engine first looks whether the model would close it at once, and lets it think
  if not: what that takes is not in these rows.
- The card's snippet calls `generate` for one question after the other, and writes the longest
  trained answer where labels are scored here. An answer of usual length takes it less.
- `read on` is how many passes an item takes behind the first of each scored question: an engine
  reads on along the labels that may be likely, of which the checkpoint makes one in each set. On
  vLLM each is a further request or more.
- `floor` is the least that the device needs: for each pass the larger of its operations at the peak
  rate and its bytes at the peak bandwidth. The passes are the first one, one for each further token
  of a caption, and those that `read on` counts.
"""

TOO_FAST = """- Where `read on` is "none", the row was measured before the checkpoint made a label
  likely. To random weights none is, so that the engine stopped after its first pass. With a trained
  model it takes at least one more for each scored question: these times and floors, of group and
  disease and of whole cascades, are too short.
"""


def _too_fast(rows: dict[Key, Any]) -> str:
    """What is to be known of rows that read no label on; empty where there are none."""
    return TOO_FAST if any(_read_on(key, rows[key]) == "none" for key in rows) else ""


def _read_on(key: Key, entry: Entry) -> str:
    """The cell that tells it; empty for the card, which writes its labels."""
    engine, _, row, _ = key
    if engine == "card":
        return ""
    return str(entry.get("read_on", 0 if row.startswith("caption") else "none"))


def _machines(machines: Iterable[Entry]) -> str:
    """A line for each thing that differs between runs: each is told once."""
    lines: dict[str, None] = {}
    for entry in machines:
        peak, reached = entry["peak"], entry["reached"]
        versions = ", ".join(f"{name} {which}" for name, which in entry["versions"].items())
        driver = f"; driver, power limit, clock: {entry['driver']}" if entry["driver"] else ""
        for line in (
            f"- device: {entry['device']}{driver}",
            f"- its peak: {peak['flops'] / 1e12:.4g} TFLOP/s ({peak['flops_8bit'] / 1e12:.4g} in 8 "
            f"bits), {peak['bandwidth'] / 1e12:.4g} TB/s ({peak['source']})",
            f"- what a matrix product and a copy reached on it: {reached['flops'] / 1e12:.4g} "
            f"TFLOP/s, {reached['bandwidth'] / 1e12:.4g} TB/s",
            f"- machine: {entry['processor']}, {entry['cores']} cores, {entry['system']}",
            f"- run: {entry['day']}; versions: {versions}",
            f"- model: {entry['subject']}",
        ):
            lines[line] = None
    return "\n".join(lines)


def _section(engine: str, quantization: str, rows: dict[Key, Any], failed: dict[Key, Any]) -> str:
    """The table of one engine with one quantisation; empty where nothing was measured."""
    mine = _ordered(key for key in rows if key[:2] == (engine, quantization))
    broken = _ordered(key for key in failed if key[:2] == (engine, quantization))
    if not mine and not broken:
        return ""
    parts = [f"## {NAMES[engine]}, quantisation: {quantization}\n"]
    if mine:
        starts = sorted({round(rows[key]["start_s"]) for key in mine})
        parts.append(table(HEAD, [_cells(key, rows) for key in mine]) + "\n")
        parts.append(f"Started in {' and '.join(map(str, starts))} s.\n")
    parts += [f"- failed: {key[2]}, {key[3]} at once: {failed[key]['reason']}" for key in broken]
    return "\n".join(parts)


def _unmeasured(rows: dict[Key, Any]) -> str:
    """What the plan asks for and nobody has measured; empty where all of it was."""
    lines = []
    for engine, quantization in CONFIGURATIONS:
        sizes = CARD_BATCHES if engine == "card" else BATCHES
        planned = [(engine, quantization, row, size) for size in sizes for row in ROWS]
        if lacking := [key for key in planned if key not in rows]:
            share = "all" if len(lacking) == len(planned) else f"{len(lacking)} of {len(planned)}"
            lines.append(f"- {NAMES[engine]}, quantisation: {quantization}: {share} rows\n")
    return f"## Not measured\n\n{''.join(lines)}\n" if lines else ""


def _ordered(keys: Iterable[Key]) -> list[Key]:
    return sorted(keys, key=lambda key: (ROWS.index(key[2]), key[3]))


def _cells(key: Key, rows: dict[Key, Any]) -> tuple[str, ...]:
    entry, (engine, _, row, batch) = rows[key], key
    card = rows.get(("card", "none", row, batch)) if engine != "card" else None
    return (
        row,
        str(batch),
        f"{entry['tokens']:,}",
        _read_on(key, entry),
        ms(entry["ms"]),
        f"{1000 * batch / entry['ms']:.3g}",
        ms(entry["floor_ms"]),
        f"{entry['ms'] / entry['floor_ms']:.2f} x",
        f"{card['ms'] / entry['ms']:.2f} x" if card else "",
    )
