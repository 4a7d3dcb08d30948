"""Writes the results down; every number comes from the run."""

from benchmarks.gpu.stages import CAPTION_TOKENS
from benchmarks.gpu.study import Findings
from benchmarks.report.tables import ms, table

HEAD = (
    "stage", "batch", "prompt tokens", "card ms", "ours ms", "of it preparing", "floor ms",
    "card / ours", "ours / floor",
)  # fmt: skip


def page(found: Findings) -> str:
    """The page, in Markdown."""
    rows = [
        (
            row.stage,
            str(row.batch),
            str(row.tokens),
            ms(row.card),
            ms(row.ours),
            ms(row.prepared),
            ms(row.floor),
            f"{row.card / row.ours:.2f} x",
            f"{row.ours / row.floor:.2f} x",
        )
        for row in found.rows
    ]
    labels = sorted({row.written for row in found.rows} - {CAPTION_TOKENS})
    lengths = " or ".join(map(str, labels))
    return f"""# Performance of each stage on an accelerator

`python -m benchmarks.gpu` measures all of this anew and writes this page.

- device: {found.device}
- machine: {found.machine.processor}, {found.machine.cores} cores, \
{found.machine.memory_gb:.0f} GB, {found.machine.system}; load average before the run \
{found.machine.load:.1f}
- run: {found.machine.day}; versions: {found.machine.versions}
- model: {found.subject}
- peak: {found.peak.flops / 1e12:.4g} TFLOP/s, {found.peak.bandwidth / 1e12:.4g} TB/s \
({found.peak.source})

{table(HEAD, rows)}

- `card` is the snippet of the authors' model card: `generate` for one picture after the other, so
  that a batch is as many calls. It writes {lengths} tokens for a label, which is an empty think
  block and the longest trained answer, and {CAPTION_TOKENS} for a caption.
- `ours` is the transformers engine: labels are scored from one pass and a short one for each
  further place where answers part, a batch is computed together, the think block is closed. Its
  steps are neither compiled nor captured as graphs, and it reads reference pictures anew for every
  prompt.
- `preparing` makes tensors of pictures and words; in the server that happens while the batch before
  is computed.
- `floor` is the least that the device needs for what `ours` does: for each pass the larger of its
  operations at the peak rate and its bytes at the peak bandwidth.
- A time is that of the whole batch, and the median of {found.repeats} after one that does not
  count; both sides took turns in one run. The weights are random: nothing here says how good
  answers are.
"""
