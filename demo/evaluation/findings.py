"""What a study found, held against what is asked of the demo family."""

from collections.abc import Sequence
from dataclasses import dataclass

from demo.evaluation import measures
from demo.evaluation.rules import Rules
from demo.evaluation.study import Study
from demo.evaluation.trials import Trial

SURER = 0.8
"""Share of the pictures, the surest of them, whose errors are counted apart."""

HEALTHY, CLINICAL = "healthy skin", "clinical"
"""The kinds of pictures of which something is asked apart from the others."""


@dataclass(frozen=True)
class Finding:
    """One number with what was wanted of it.

    Attributes:
        what: What was measured.
        wanted: The bound, in words.
        found: The number, in words.
        met: Whether it keeps the bound.
    """

    what: str
    wanted: str
    found: str
    met: bool


def findings(study: Study, rules: Rules) -> list[Finding]:
    """Everything that is asked of the family, in the order of the page.

    Args:
        study: What was found.
        rules: When the cascade names a disease, as it is served.
    """
    clear, retrieved = study.clear, measures.most_probable_accuracy(study.retrieved)
    alone = measures.most_probable_accuracy(study.alone)
    gain, loss = retrieved - alone, alone - measures.most_probable_accuracy(study.misled)
    disease, group = measures.disease_beliefs(study.mixed), measures.group_beliefs(study.mixed)
    real = [
        at_most(
            f"a disease named, {kind} photographs of real skin",
            1 - measures.withheld(seen, rules),
            0.05,
        )
        for kind, seen in study.skin.items()
        if kind == CLINICAL
    ]
    error = measures.risk_at(disease, 1)
    others: Sequence[Trial] = [trial for kind in study.others.values() for trial in kind]
    return [
        at_least("group named rightly, clear", measures.group_accuracy(clear), 0.98),
        at_least("disease named rightly, clear", measures.disease_accuracy(clear), 0.98),
        at_least(
            "caption names the disease and no other, clear", measures.caption_accuracy(clear), 0.95
        ),
        Finding(
            "what references add to disease accuracy, hard",
            "at least 3 points",
            points(gain),
            gain >= 0.03,
        ),
        Finding(
            "what misleading references take from it",
            "at most what they add",
            points(loss),
            loss <= gain,
        ),
        at_most(
            "calibration error of the disease, mixed", measures.calibration_error(disease), 0.05
        ),
        at_most("calibration error of the group, mixed", measures.calibration_error(group), 0.05),
        at_most(
            f"error of the disease on the surer {SURER:.0%}, mixed ({error:.1%} on all)",
            measures.risk_at(disease, SURER),
            error / 2,
        ),
        at_least("no disease named, pictures of anything else", measures.abstained(others), 0.95),
        at_least(f"no disease named, {HEALTHY}", measures.abstained(study.others[HEALTHY]), 0.95),
        at_most("no disease named, clear", measures.abstained(clear), 0.02),
        at_least(
            "unknown where a near name stands for the true one", measures.unknown(study.near), 0.95
        ),
        Finding(
            "mixed drawings that captions, cases and belief withhold",
            "at most 3 points",
            points(more := measures.abstained(study.mixed) - measures.abstained(study.plain)),
            more <= 0.03,
        ),
        *real,
    ]


def at_least(what: str, share: float, bound: float) -> Finding:
    """A share that should not be smaller than a bound."""
    return Finding(what, f"at least {bound:.1%}", f"{share:.1%}", share >= bound)


def at_most(what: str, share: float, bound: float) -> Finding:
    """A share that should not be larger than a bound."""
    return Finding(what, f"at most {bound:.1%}", f"{share:.1%}", share <= bound)


def points(share: float) -> str:
    """A difference of shares in percentage points."""
    return f"{100 * share:.1f} points"
