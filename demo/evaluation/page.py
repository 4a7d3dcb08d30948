"""The page that an evaluation writes: `docs/demo-family.md` and the pictures beside it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from demo.evaluation import measures
from demo.evaluation.figures import draw_figures
from demo.evaluation.findings import findings
from demo.evaluation.study import Study
from demo.evaluation.trials import Trial
from hikari_serve.drawing.captions import NAMES

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
}
"""What each picture shows."""


def write_page(study: Study, path: Path, command: str) -> None:
    """Writes the page, and its pictures into a folder of the page's name beside it.

    Args:
        study: What was found.
        path: The page, a Markdown file.
        command: What wrote it.
    """
    folder = path.with_suffix("")
    pictures = draw_figures(study, folder)
    count = len(study.clear)
    parts = [
        INTRODUCTION.format(command=command, count=count),
        _picture(folder, pictures[0]),
        "## What is asked of it\n",
        _table(
            ("", "wanted", "found", ""),
            (
                (each.what, each.wanted, each.found, "met" if each.met else "**not met**")
                for each in findings(study)
            ),
        ),
        "## By difficulty\n",
        _table(("drawings", "group", "disease", "no disease named"), _difficulties(study)),
        *(_picture(folder, name) for name in pictures[1:]),
        "## Each disease\n\nShare named rightly, with three references.\n",
        _table(("disease", "clear", "mixed", "hard"), _diseases(study)),
        "## Pictures of anything else\n\nShare for which no disease was named.\n",
        _table(
            ("pictures", "no disease named"),
            ((kind, f"{measures.abstained(seen):.1%}") for kind, seen in study.others.items()),
        ),
    ]
    path.write_text("\n".join(parts), encoding="utf-8")


def _difficulties(study: Study) -> Iterable[Sequence[str]]:
    for name, trials in (
        ("clear", study.clear),
        ("mixed", study.mixed),
        ("hard", study.hard),
        ("hard, without references", study.alone),
        ("hard, all references of other diseases", study.misled),
    ):
        yield (
            name,
            f"{measures.group_accuracy(trials):.1%}",
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
