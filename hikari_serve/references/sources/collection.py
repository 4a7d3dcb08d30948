"""From a source's listing to the cases of an index: labels matched, duplicates left out."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from hikari_serve.errors import InvalidInput
from hikari_serve.labels.label_set import LabelSet
from hikari_serve.labels.matching import match_label
from hikari_serve.pictures.view import content_hash
from hikari_serve.quoting import quoted
from hikari_serve.references.manifest import Fingerprint
from hikari_serve.references.sources.listing import Entry, LeftOut, Listing
from hikari_serve.references.store import Case

UNMATCHED = "diseases of no label of the set"
MISSING = "pictures that are not there"
UNREADABLE = "pictures that cannot be read"
OUTSIDE = "pictures outside of the source's folder, which only --outside takes"
UNNAMED = "names that are not UTF-8"
DUPLICATE = "pictures that another case has already"
CONTRADICTION = "the same picture under several labels"


@dataclass(slots=True)
class Report:
    """What became of a source's rows; none is guessed, and none is lost without a word.

    Attributes:
        labels: Cases that were taken, counted by their label.
        left_out: Every row that was not, and why.
        notes: What a reader should know, as sentences.
    """

    labels: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lose(self, entry: Entry, reason: str, detail: str) -> None:
        """Counts an entry out."""
        self.left_out.append(LeftOut(entry.row, reason, detail))

    def reasons(self) -> Counter[str]:
        """How many rows were left out for each reason."""
        return Counter(each.reason for each in self.left_out)


@dataclass(frozen=True, slots=True)
class Collection:
    """The cases that an index can be built of.

    Attributes:
        entries: Sorted by id, with the labels of the label set; each picture once.
        report: What became of the rest.
    """

    entries: list[Entry]
    report: Report

    def cases(self) -> Iterator[Case]:
        """Reads the cases, one picture at a time."""
        for entry in self.entries:
            yield Case(
                entry.id, entry.picture.read_bytes(), entry.label, entry.caption, entry.source
            )

    def bad(self, case: Case, error: InvalidInput) -> None:
        """Counts a case out whose picture turned out to be unreadable."""
        entry = next(each for each in self.entries if each.id == case.id)
        self.report.lose(entry, UNREADABLE, f"{case.id}: {error.message}")
        self.report.labels[case.label] -= 1
        self.report.labels = +self.report.labels


def collect(
    listing: Listing,
    labels: LabelSet | None,
    *,
    held: Iterable[Fingerprint] = (),
    outside: bool = False,
    step: Callable[[], None] = lambda: None,
) -> Collection:
    """Chooses the cases of a listing; reads every picture's bytes once.

    Args:
        listing: What a source has.
        labels: The set that its words are matched to; None takes them as they stand.
        held: The cases that an index has already; they stay, whatever the listing calls them.
        outside: Whether pictures outside of the source's folder are taken too.
        step: Called for each entry that was looked at.
    """
    report = Report(left_out=listing.left_out, notes=listing.notes)
    root = None if outside else listing.root.resolve()
    by_content: dict[str, list[Entry]] = defaultdict(list)
    for entry in sorted(listing.entries, key=lambda entry: entry.id):
        step()
        label = _label(entry.label, listing, labels)
        if not _is_text(entry.id):
            report.lose(entry, UNNAMED, quoted(entry.id))
        elif label is None:
            report.lose(entry, UNMATCHED, f"'{quoted(entry.label)}'")
        elif root is not None and not _resolved(entry.picture).is_relative_to(root):
            report.lose(entry, OUTSIDE, str(entry.picture))
        elif not _is_file(entry.picture):
            report.lose(entry, MISSING, str(entry.picture))
        elif content := _content(entry, report):
            by_content[content].append(replace(entry, label=label))
    chosen = []
    known = {case.image_sha256: case for case in held}
    for content, same in by_content.items():
        if content in known:
            for entry in same:
                _lose_held(entry, known[content], report)
        elif len({entry.label for entry in same}) > 1:
            for entry in same:
                report.lose(entry, CONTRADICTION, f"{entry.id} is {entry.label}")
        else:
            chosen.append(same[0])
            report.labels[same[0].label] += 1
            for entry in same[1:]:
                report.lose(entry, DUPLICATE, f"{entry.id} is {same[0].id}")
    return Collection(sorted(chosen, key=lambda entry: entry.id), report)


def _lose_held(entry: Entry, held: Fingerprint, report: Report) -> None:
    """Counts an entry out whose picture the index holds, as the same disease or as another."""
    if entry.label == held.label:
        report.lose(entry, DUPLICATE, f"{entry.id} is {held.id}")
    else:
        detail = f"{entry.id} is {entry.label}, and {held.id} of the index is {held.label}"
        report.lose(entry, CONTRADICTION, detail)


def _label(words: str, listing: Listing, labels: LabelSet | None) -> str | None:
    """The label that a source's words are; None if they are none.

    A source has names, not sentences: one with more words in it may be another disease.
    """
    if labels is None:
        return words or None
    plain = " ".join(re.split(r"[\W_]+", words.casefold())).strip()
    found = match_label(listing.names.get(plain, words), labels)
    return found.label if found.how != "sentence" else None


def _is_text(name: str) -> bool:
    """Whether a name can be written down: Python reads one that is not UTF-8 with surrogates."""
    return not any("\ud800" <= char <= "\udfff" for char in name)


def _resolved(picture: Path) -> Path:
    try:
        return picture.resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        return picture.absolute()


def _is_file(picture: Path) -> bool:
    try:
        return picture.is_file()
    except OSError:  # a name longer than the system's
        return False


def _content(entry: Entry, report: Report) -> str | None:
    try:
        return content_hash(entry.picture.read_bytes())
    except OSError as error:
        report.lose(entry, UNREADABLE, f"{entry.id}: {error.strerror}")
        return None
