"""The page that an evaluation writes: `docs/demo-family.md` and the pictures beside it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from demo.evaluation import measures
from demo.evaluation.figures import draw_figures
from demo.evaluation.findings import findings
from demo.evaluation.rules import Rules
from demo.evaluation.study import Study
from demo.evaluation.trials import Trial
from hikari_serve.drawing.captions import NAMES

WRITTEN = """\
## Scored or written

The same weights and drawings with `decoding: score`, which reads the probability of every label,
and with `decoding: generate`, which lets the model write and matches its words, as the card does.
Scored as "before" below, so that no other evidence withholds.
"""

INTRODUCTION = """\
# The demo family

Four tiny models of the real architectures, trained on procedurally drawn lesions of the model
card's ten diseases; `make demo-models` trains them anew. They recognise drawings, are sometimes
unsure and sometimes wrong, and mean nothing clinically. This page is written by
`make demo-report`, that is

```sh
{command}
```

which draws pictures that no model was trained, judged or calibrated on, and puts them to the whole
cascade as it is served: {count} drawings of each difficulty, {count} pictures of each other kind.
"""

WORDS = {
    "drawings.png": "One column a disease: clear drawings above, the same made hard below.",
    "confusion.png": "What was drawn, and what the cascade named.",
    "reliability.png": (
        "How often the most probable label is right, by its probability, on mixed drawings; "
        "a larger dot stands for more of them."
    ),
    "risk-coverage.png": "Errors among the surest of the mixed drawings.",
    "distance.png": (
        "What is named as the rule on the distance grows stricter to the right; the dashed line is "
        "the demo's. Distances overlap: no rule on them alone parts drawings from photographs."
    ),
}
"""What each picture shows."""


DIFFICULTY = """\
## By difficulty

The last three rows compare references. They stop at the disease, where no caption can withhold it;
the others are of the whole cascade.
"""

SKIN = """\
## Photographs of real skin

The family has seen drawings alone, so that whatever it names on a photograph is wrong. A
disease is named only where the models believe in their own labels (`min_label_mass`), the caption
does not contradict, and enough of the index's own cases are as far from the nearest other one as
the picture is from them (`min_typicality`); `hikari index info` shows what such a rule means for an
index. "Before" is without the three, at half of the belief.

The photographs were taken from public collections on the web, and none of them is part of this
project: {counts}. What the rules cannot catch is a photograph that looks like a drawing to the
encoder, as dermoscopic ones of nevi do; the last column says how many are named all the same. Nor
do they say anything of the 8B models, which were trained on photographs.
"""

NEITHER = """\
## Photographs of real skin

Not measured in this run: no `--skin` folder was given.
"""


def write_page(study: Study, rules: Rules, path: Path, command: str) -> None:
    """Writes the page, and its pictures into a folder of the page's name beside it.

    Args:
        study: What was found.
        rules: When the cascade names a disease, as it is served.
        path: The page, a Markdown file.
        command: What wrote it.
    """
    folder = path.with_suffix("")
    pictures = draw_figures(study, rules, folder)
    count = len(study.clear)
    parts = [
        INTRODUCTION.format(command=command, count=count),
        _picture(folder, pictures[0]),
        "## What is asked of it\n",
        _table(
            ("", "wanted", "found", ""),
            (
                (each.what, each.wanted, each.found, "met" if each.met else "**not met**")
                for each in findings(study, rules)
            ),
        ),
        DIFFICULTY,
        _table(
            ("drawings", "group", "most probable disease", "disease named", "none named"),
            _difficulties(study),
        ),
        *(_picture(folder, name) for name in pictures[1:-1]),
        WRITTEN,
        _table(
            ("mixed drawings", "named rightly", "named wrongly", "not named", "ECE"),
            _decodings(study),
        ),
        "## Each disease\n\nShare named rightly, with three references.\n",
        _table(("disease", "clear", "mixed", "hard"), _diseases(study)),
        "## Pictures of anything else\n\nShare for which no disease was named.\n",
        _table(
            ("pictures", "no disease named"),
            ((kind, f"{measures.abstained(seen):.1%}") for kind, seen in study.others.items()),
        ),
        *_skin(study, rules, folder, pictures[-1]),
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def _skin(study: Study, rules: Rules, folder: Path, picture: str) -> Iterable[str]:
    if not study.skin:
        yield NEITHER
        return
    counts = ", ".join(f"{len(seen)} {kind}" for kind, seen in study.skin.items())
    yield SKIN.format(counts=counts)
    yield _table(
        ("pictures", "named before", "named"),
        (
            (
                kind,
                f"{1 - measures.abstained(seen):.1%}",
                f"{1 - measures.withheld(seen, rules):.1%}",
            )
            for kind, seen in (("mixed drawings", study.plain), *study.skin.items())
        ),
    )
    yield _picture(folder, picture)


def _decodings(study: Study) -> Iterable[Sequence[str]]:
    error = f"{measures.calibration_error(measures.disease_beliefs(study.plain)):.1%}"
    for name, trials, calibrated in (
        ("scored", study.plain, error),
        ("written, and matched", study.written, "no probability"),
    ):
        yield (
            f"{name}",
            f"{measures.disease_accuracy(trials):.1%}",
            f"{measures.wrongly_named(trials):.1%}",
            f"{measures.abstained(trials):.1%}",
            calibrated,
        )


def _difficulties(study: Study) -> Iterable[Sequence[str]]:
    for name, trials in (
        ("clear", study.clear),
        ("mixed", study.mixed),
        ("hard", study.hard),
        ("hard, as far as the disease", study.retrieved),
        ("the same without references", study.alone),
        ("the same, all references of other diseases", study.misled),
    ):
        yield (
            name,
            f"{measures.group_accuracy(trials):.1%}",
            f"{measures.most_probable_accuracy(trials):.1%}",
            f"{measures.disease_accuracy(trials):.1%}",
            f"{measures.abstained(trials):.1%}",
        )


def _diseases(study: Study) -> Iterable[Sequence[str]]:
    for label, name in NAMES.items():
        yield (
            name,
            *(
                f"{measures.disease_accuracy(_of(label, trials)):.1%}"
                for trials in (study.clear, study.mixed, study.hard)
            ),
        )


def _of(label: str, trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.picture.disease == label]


def _picture(folder: Path, name: str) -> str:
    return f"![{WORDS[name]}]({folder.name}/{name})\n\n{WORDS[name]}\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows)) + "\n"
